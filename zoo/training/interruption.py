"""Ctrl-C and SIGTERM during training: the step that is being taken is finished and kept."""

import os
import signal
import threading

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SAID = b"\nzoo: interrupted; the step being taken is finished and kept (once more: end at once)\n"


class TrainingInterruptedError(KeyboardInterrupt):
    """Training was interrupted after a step, whose checkpoint is kept. The message is one line.

    Args:
        message: the step, and how to go on.
        number: the signal.
    """

    def __init__(self, message: str, number: int):
        super().__init__(message)
        self.number = number


class Interruption:
    """Notes an interruption while it is entered, in place of raising it anywhere.

    The second interruption raises `KeyboardInterrupt` at once. In another thread than the main one
    nothing is noted; a signal that is ignored stays ignored.
    """

    def __init__(self):
        self.number: int | None = None
        self._before = {}

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _note(self, number, frame) -> None:
        if self.number is not None:
            raise KeyboardInterrupt
        self.number = number
        # Not by print: the signal may have come in the middle of one.
        os.write(2, _SAID)
