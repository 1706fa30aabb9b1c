"""Training a Keras model to a given step, with checkpoints, history and resuming."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from zoo.training.averaged_adam import AveragedAdam
from zoo.training.distribution import Distribution
from zoo.training.progress import Progress
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
    while start < total_steps:
        # The last round may be shorter, and a run may be resumed with a longer goal: rounds of
        # one length go into one call of Keras's fit, what is left over into another.
        steps = min(round_steps, total_steps - start)
        rounds = max(1, (total_steps - start) // steps)
        recorder = _Recorder(
            run if distribution.is_chief else None, variables, rows, start, steps, steps_per_epoch
        )
        shown = [Progress(start, total_steps, steps_per_epoch)] if distribution.is_chief else []
        with distribution.noticing_lost_workers():
            model.fit(
                stream(start),
                epochs=rounds,
                steps_per_epoch=steps,
                validation_data=validation,
                validation_steps=validation_steps,
                verbose=0,
                shuffle=False,
                callbacks=[
                    *([keras.callbacks.SwapEMAWeights()] if model.optimizer.use_ema else []),
                    recorder,
                    *shown,
                    *callbacks,
                ],
            )
        if model.stop_training:
            break
        start += rounds * steps
        if start < total_steps:
            # At its end Keras's fit puts the averages in the weights' place.
            recorder.put_back()
    return rows


class _Recorder(keras.callbacks.Callback):
    """Writes the history and a checkpoint at the end of each round.

    Every process of several keeps the rows and comes to the same decisions; one has the folder.
    """

    def __init__(self, run, variables, rows, start, round_steps, steps_per_epoch):
        super().__init__()
        self.run, self.variables, self.rows = run, variables, rows
        self.start, self.round_steps, self.steps_per_epoch = start, round_steps, steps_per_epoch
        self.board = run and tf.summary.create_file_writer(str(run.path / "tensorboard"))

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        step = self.start + (epoch + 1) * self.round_steps
        values = {name: float(value) for name, value in (logs or {}).items()}
        row = {
            "step": step,
            "epoch": step / self.steps_per_epoch,
            **values,
            "learning_rate": float(self.model.optimizer.learning_rate),
            "seconds": time.perf_counter() - self.began,
        }
        self.rows.append(row)
        if self.run:
            # The checkpoint last: a row without its checkpoint is dropped on resuming, while a
            # checkpoint without its row would leave a gap.
            self.run.write_history(self.rows)
            self.run.checkpoints.save(step, self.variables)
            self._show(step, row)
        if epoch + 1 == self.params["epochs"]:
            self.kept = [variable.numpy().copy() for variable in self.variables]
        if any(math.isnan(value) for value in values.values()):
            self.model.stop_training = True

    def _show(self, step, row):
        with self.board.as_default(step=step):
            for name, value in row.items():
                if name != "step":
                    tf.summary.scalar(name, value)
        self.board.flush()

    def put_back(self):
        """Gives the variables the values that they had at the end of the last round."""
        for variable, value in zip(self.variables, self.kept, strict=True):
            variable.assign(value)


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
        ema_momentum: Of the exponential average of the weights that validation and the final
            model use, bounded in the first steps (see `AveragedAdam`). Defaults to no averaging.
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
