"""Training a Keras model to a given step, with checkpoints, history and resuming."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from zoo.training.averaged_adam import AveragedAdam
from zoo.training.distribution import Distribution
from zoo.training.interruption import Interruption
from zoo.training.progress import Progress
from zoo.training.recorder import Recorder
from zoo.training.run_folder import RunFolder


def fit(
    model: keras.Model,
    stream: Callable[[int], tf.data.Dataset | tf.distribute.DistributedDataset],
    run: RunFolder,
    *,
    total_steps: int,
    steps_per_epoch: int,
    round_steps: int | None = None,
    validation: tf.data.Dataset | tf.distribute.DistributedDataset | None = None,
    validation_steps: int | None = None,
    resume: bool = False,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> list[dict[str, float]]:
    """Trains a compiled model by `keras.Model.fit` and writes the run folder as it goes.

    Training is cut into rounds. After each, the model is validated, the history gets a row, and a
    checkpoint is written with weights, optimizer and the state of every random generator. Since
    the stream is a function of the step, a resumed run sees the batches, the dropout masks and
    the learning rates that the uninterrupted one would have seen.

    In the scope of a `tf.distribute` strategy, with a model, a stream and a validation from
    `Distribution`, every process calls this; the chief alone writes and shows anything.

    Args:
        model: A compiled model. With an optimizer that averages weights (`use_ema`), validation
            and the final model use the averages.
        stream: From a step to the endless batches from there on.
        run: The folder.
        total_steps: Where training ends.
        steps_per_epoch: To show the progress in epochs.
        round_steps: Steps a round. Defaults to one epoch.
        validation: What to validate on after each round.
        validation_steps: How many batches that is, where it is endless.
        resume: Whether to go on from the newest checkpoint.
        callbacks: More Keras callbacks.

    Returns:
        The history, a row a round; the same is in history.csv.

    Raises:
        InputError: nothing to resume from, or the disk is full.
        WorkerLostError: another process is gone.
        DivergedError: the loss, a measure or a weight is not finite any more.
        TrainingInterruptedError: Ctrl-C or SIGTERM came; the step that was being taken has its
            checkpoint.
    """
    distribution = Distribution.current()
    # Slots and counters must exist before a checkpoint can be read into them.
    with distribution.scope():
        model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables]
    start, rows = 0, []
    if resume and run.checkpoints.steps():
        start = run.checkpoints.restore(variables)
        rows = [row for row in run.read_history() if row["step"] <= start]
    distribution.agree("checkpoint to resume from", start)
    round_steps = min(round_steps or steps_per_epoch, total_steps)
    if start >= total_steps:
        # Killed between the last checkpoint and the saving of the model.
        model.optimizer.finalize_variable_values(model.trainable_variables)
    with Interruption() as interruption:
        while start < total_steps:
            # Rounds end at multiples of their length, also after an interruption within one; the
            # last may be shorter. Rounds of one length go into one call of Keras's fit.
            steps = min(round_steps - start % round_steps, total_steps - start)
            rounds = (total_steps - start) // steps if steps == round_steps else 1
            swap = keras.callbacks.SwapEMAWeights() if model.optimizer.use_ema else None
            recorder = Recorder(
                run if distribution.is_chief else None,
                variables,
                rows,
                start,
                steps_per_epoch,
                interruption,
                swap,
            )
            shown = [Progress(start, total_steps, steps_per_epoch)] if distribution.is_chief else []
            try:
                with distribution.noticing_lost_workers():
                    model.fit(
                        stream(start),
                        epochs=rounds,
                        steps_per_epoch=steps,
                        validation_data=validation,
                        validation_steps=validation_steps,
                        verbose=0,
                        shuffle=False,
                        callbacks=[*([swap] if swap else []), recorder, *shown, *callbacks],
                    )
            finally:
                for progress in shown:
                    progress.close()
            if model.stop_training:
                break
            start += rounds * steps
            if start < total_steps:
                # At its end Keras's fit puts the averages in the weights' place.
                recorder.put_back()
        if interruption.number is not None:
            recorder.say_interrupted()
    return rows


def deterministic(seed: int) -> None:
    """Seeds Python, NumPy and TensorFlow, and makes TensorFlow's ops repeatable."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def optimizer(
    learning_rate: float,
    total_steps: int,
    warmup_steps: int = 0,
    clip_norm: float | None = None,
    ema_momentum: float | None = None,
    weight_decay: float | None = None,
    **settings: Any,
) -> keras.optimizers.Optimizer:
    """Returns Adam with linear warm-up, cosine decay to zero, and averaged weights.

    Args:
        learning_rate: The highest one, reached after the warm-up.
        total_steps: Where the decay ends.
        warmup_steps: Defaults to none.
        clip_norm: Largest norm of all gradients together (Pascanu et al. 2013). Defaults to none.
        ema_momentum: momentum of the exponential average of the weights that validation and the
            final model use, bounded in the first steps (see `AveragedAdam`). Defaults to no
            averaging.
        weight_decay: Decoupled decay (Loshchilov & Hutter 2019). Defaults to none.
    """
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup_steps else learning_rate,
        decay_steps=max(1, total_steps - warmup_steps),
        warmup_target=learning_rate if warmup_steps else None,
        warmup_steps=warmup_steps,
    )
    return AveragedAdam(
        schedule,
        global_clipnorm=clip_norm,
        use_ema=ema_momentum is not None,
        ema_momentum=ema_momentum if ema_momentum is not None else 0.99,
        weight_decay=weight_decay,
        **settings,
    )
