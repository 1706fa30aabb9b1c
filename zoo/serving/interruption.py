"""Ends a running graph from another thread."""

import contextlib
import threading
from collections.abc import Iterator

_thread = threading.local()
_lock = threading.Lock()
_guarded = 0


class Interruption:
    """Lets another thread end the graphs that a thread runs.

    A graph ends between two of its operations: a loop at its next turn. One long operation runs to
    its own end.

    TensorFlow has this for a whole process only: `tensorflow.python.eager.cancellation` holds one
    manager, which every call of a function asks for its handle. So the manager that is put there
    answers each thread with the handle of its own.

    Example:

        interruption = Interruption()
        with interruption.guard():          # on the thread that runs the graph
            signature.run(inputs)
        interruption.interrupt()            # on any other: the run raises CANCELLED
    """

    def __init__(self):
        from tensorflow.python.eager import cancellation

        self._manager = cancellation.CancellationManager()

    def interrupt(self) -> None:
        """Ends what runs under `guard`, and what begins there later."""
        self._manager.start_cancel()

    @property
    def interrupted(self) -> bool:
        """Whether `interrupt` was called."""
        return self._manager.is_cancelled

    @contextlib.contextmanager
    def guard(self) -> Iterator[None]:
        """Makes what this thread runs in the block end at `interrupt`."""
        _thread.manager = self._manager
        _install(1)
        try:
            yield
        finally:
            _install(-1)
            del _thread.manager


class _ManagerOfThread:
    """Stands where TensorFlow looks for the one manager."""

    def __init__(self, never):
        self._never = never

    @property
    def _impl(self):
        return getattr(_thread, "manager", self._never)._impl


_manager_of_thread: _ManagerOfThread | None = None


def _install(change: int) -> None:
    """Puts the manager in place while any thread is guarded, and takes it away after."""
    from tensorflow.python.eager import cancellation

    global _guarded, _manager_of_thread
    with _lock:
        if _manager_of_thread is None:
            _manager_of_thread = _ManagerOfThread(cancellation.CancellationManager())
        _guarded += change
        if cancellation._active_context in (None, _manager_of_thread):
            cancellation._active_context = _manager_of_thread if _guarded else None
