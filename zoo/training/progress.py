"""Progress of long work: a bar on a terminal, plain lines elsewhere."""

import sys
import time

import keras
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import (
    Progress as Bar,
)


class Progress(keras.callbacks.Callback):
    """Shows the rate, the loss and the time left on standard error.

    On a terminal, one live bar; elsewhere (a file, a pipe), a plain line at the end of each round
    and at most one a half minute in between.

    Args:
        start: The step that training starts from.
        total: The step that it ends at.
        steps_per_epoch: To name the epoch.
    """

    SECONDS_BETWEEN_LINES = 30.0

    def __init__(self, start: int, total: int, steps_per_epoch: int):
        super().__init__()
        self.step, self.total, self.steps_per_epoch = start, total, steps_per_epoch
        self.console = Console(stderr=True, soft_wrap=True)
        self.bar = None

    def on_train_begin(self, logs=None):
        self.began, self.first = time.perf_counter(), self.step
        self.last_line = self.began
        if self.console.is_terminal:
            self.bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                console=self.console,
                refresh_per_second=4,
            )
            self.task = self.bar.add_task("", total=self.total, completed=self.step, rate="")
            self.bar.start()

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        now = time.perf_counter()
        if self.bar:
            self.bar.update(
                self.task,
                completed=self.step,
                description=f"epoch {self._epoch()}  loss {float(logs['loss']):.4f}",
                rate=f"{self._rate(now):.1f} steps/s",
            )
        elif now - self.last_line >= self.SECONDS_BETWEEN_LINES:
            self._line(logs, now)

    def on_epoch_end(self, epoch, logs=None):
        if self.bar:
            values = "  ".join(f"{name} {float(value):.4f}" for name, value in logs.items())
            self.bar.console.print(f"step {self.step}  epoch {self._epoch()}  {values}")
        else:
            self._line(logs, time.perf_counter())

    def on_train_end(self, logs=None):
        self.close()

    def close(self) -> None:
        """Ends the bar; also where training ends by an error, of which Keras tells no callback."""
        if self.bar:
            self.bar.stop()

    def _epoch(self) -> str:
        return f"{self.step / self.steps_per_epoch:.2f}"

    def _rate(self, now: float) -> float:
        return (self.step - self.first) / max(now - self.began, 1e-9)

    def _line(self, logs, now: float) -> None:
        self.last_line = now
        rate = self._rate(now)
        left = (self.total - self.step) / max(rate, 1e-9)
        values = "  ".join(f"{name} {float(value):.4f}" for name, value in (logs or {}).items())
        print(
            f"step {self.step}/{self.total}  epoch {self._epoch()}  {values}  "
            f"{rate:.1f} steps/s  {left / 60:.1f} min left",
            file=sys.stderr,
            flush=True,
        )
