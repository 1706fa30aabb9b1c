"""What a training run writes as it goes: the history and a checkpoint after each round."""

import time

import keras
import numpy as np
import tensorflow as tf

from zoo.errors import InputError
from zoo.training.divergence import DivergedError, not_finite, weight_not_finite
from zoo.training.interruption import Interruption, TrainingInterruptedError
from zoo.training.run_folder import RunFolder


class Recorder(keras.callbacks.Callback):
    """Writes the history and a checkpoint at the end of each round, and when interrupted.

    Every process of several keeps the rows and comes to the same decisions; one has the folder.

    Args:
        run: the folder; None in a process that writes nothing.
        variables: what a checkpoint holds, the model's own first.
        rows: the history so far; it is added to.
        start: the step that Keras's fit starts from.
        steps_per_epoch: to name the epoch.
        interruption: is looked at after each step.
        swap: the callback that puts the averaged weights in place for validation; None: no average.

    Raises:
        DivergedError: the loss, a measure or a weight is not finite any more.
        TrainingInterruptedError: after the checkpoint was written.
    """

    def __init__(
        self,
        run: RunFolder | None,
        variables: list,
        rows: list[dict[str, float]],
        start: int,
        steps_per_epoch: int,
        interruption: Interruption,
        swap: keras.callbacks.SwapEMAWeights | None = None,
    ):
        super().__init__()
        self.run, self.variables, self.rows = run, variables, rows
        self.step, self.steps_per_epoch = start, steps_per_epoch
        self.interruption, self.swap = interruption, swap
        self.newest = start or None
        self.last = None
        self.board = run and tf.summary.create_file_writer(str(run.path / "tensorboard"))

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        # The loss of the step before: on a GPU, this step's would have to be waited for.
        if self.last is not None:
            self._check(not_finite({"loss": self.last["loss"]}), self.step)
        self.step += 1
        self.last = logs
        if self.interruption.number is not None:
            self._interrupt()

    def on_test_batch_end(self, batch, logs=None):
        # Validation may take minutes, and who interrupts may wait for seconds only.
        if self.interruption.number is not None:
            if self.swap:
                self.swap.on_test_end()
            self._interrupt()

    def on_epoch_end(self, epoch, logs=None):
        row = self._write(logs)
        if self.run:
            self._show(row)
        if epoch + 1 == self.params["epochs"]:
            self.kept = [variable.numpy().copy() for variable in self.variables]
        self.last = None

    def _check(self, what: str | None, step: int) -> None:
        if what:
            raise DivergedError(what, step, self.newest)

    def _write(self, logs) -> dict[str, float]:
        self._check(not_finite(logs or {}), self.step)
        self._check(weight_not_finite(self.model.trainable_variables), self.step)
        row = {
            "step": self.step,
            "epoch": self.step / self.steps_per_epoch,
            **{name: float(np.ravel(value)[0]) for name, value in (logs or {}).items()},
            "learning_rate": float(self.model.optimizer.learning_rate),
            "seconds": time.perf_counter() - self.began,
        }
        self.rows.append(row)
        if self.run:
            # The checkpoint last: a row without its checkpoint is dropped on resuming, while a
            # checkpoint without its row would leave a gap.
            self.run.write_history(self.rows)
            self.run.checkpoints.save(self.step, self.variables)
        self.newest = self.step
        return row

    def _interrupt(self) -> None:
        self._write(self.last)
        self.say_interrupted()

    def say_interrupted(self) -> None:
        """Raises `TrainingInterruptedError` for the step whose checkpoint was just written."""
        where = f"{self.run.path}: " if self.run else ""
        raise TrainingInterruptedError(
            f"{where}interrupted; the checkpoint of step {self.step} is kept: go on with --resume",
            self.interruption.number,
        )

    def _show(self, row):
        try:
            with self.board.as_default(step=row["step"]):
                for name, value in row.items():
                    if name != "step":
                        tf.summary.scalar(name, value)
            self.board.flush()
        except tf.errors.OpError as error:
            raise InputError(
                f"{self.run.path / 'tensorboard'}: cannot be written: {error.message}"
            ) from error

    def put_back(self):
        """Gives the variables the values that they had at the end of the last round."""
        for variable, value in zip(self.variables, self.kept, strict=True):
            variable.assign(value)
