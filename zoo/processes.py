"""Worker processes on this machine: starting, interrupting and ending them."""

import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


def start(
    command: Sequence[str], environment: Mapping[str, str], log: Path | None = None
) -> subprocess.Popen:
    """Starts a worker without standard input, in a session of its own.

    An interruption from the keyboard then comes to this process alone, which passes it on.

    Args:
        command: command of the worker.
        environment: all of its environment variables.
        log: file for what it prints; None: it prints where this process does.
    """
    if log is None:
        return _started(command, environment, None)
    with open(log, "wb") as file:
        return _started(command, environment, file)


def _started(command, environment, output) -> subprocess.Popen:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        env=environment,
    )


def end(processes: Iterable[subprocess.Popen], seconds: float) -> None:
    """Asks processes to end by SIGTERM, and kills those that do not.

    Args:
        processes: processes to end; some may have ended.
        seconds: time that all of them together have.
    """
    processes = list(processes)
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + seconds
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def termination_as_interruption() -> Iterator[None]:
    """Raises `KeyboardInterrupt` on SIGTERM too, in the main thread: what is known is kept."""

    def interrupt(number, frame):
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
