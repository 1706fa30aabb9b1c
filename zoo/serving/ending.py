"""The end of a serving process at a signal, whatever its threads are doing."""

import os
import signal
import socket
import sys
import threading

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class EndBySignal:
    """Notes SIGTERM and SIGINT in its block, and ends the process if the block outlives them long.

    Python runs a signal's handler on the main thread only, between two of its own steps; while that
    thread is inside TensorFlow, loading a model say, it runs none. So a thread of its own waits for
    the signal's number on a socket, where the interpreter writes it at once.

    Args:
        seconds: What the block has to end in after a signal. Then the process ends with exit code
            0, as it was told to; nothing else of it runs.

    Example:

        with EndBySignal(30.0) as end:
            end.asked.wait()
    """

    def __init__(self, seconds: float):
        self._seconds = seconds
        self.asked = threading.Event()
        self._left = threading.Event()

    def __enter__(self) -> "EndBySignal":
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        # A handler must be there for Python to write to the socket and not to die.
        self._handlers = {s: signal.signal(s, lambda *_: None) for s in _SIGNALS}
        self._wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._watch, name="zoo-serving-end", daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._left.set()
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._writer.close()

    def _watch(self) -> None:
        with self._reader:
            while data := self._reader.recv(16):
                if set(data) & set(_SIGNALS):
                    break
            else:
                return
        self.asked.set()
        if not self._left.wait(self._seconds):
            end_now("the server did not end in time; what still ran is cut off")


def end_now(message: str) -> None:
    """Ends the process at once: threads inside TensorFlow would keep a usual end from coming."""
    print(message, file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(0)
