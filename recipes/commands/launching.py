"""Several worker processes on this machine that train as one."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from recipes.commands.output import say
from zoo import processes

# What a worker ends with that lost another one, or waited for it in vain.
LOST = os.EX_TEMPFAIL
INPUT_ERROR, FAILED = 2, 1
_LAUNCHER = "ZOO_LAUNCHER"
_SECONDS_BETWEEN_LOOKS = 0.2
# For what the other workers have to say, once one has ended badly.
_SECONDS_OF_GRACE = 10.0
_SECONDS_FOR_A_STEP = 20.0
_SECONDS_TO_END = 2.0


def launch(command: Sequence[str], workers: int, resume_by: str) -> int:
    """Runs a command in several processes, each with its TF_CONFIG, and watches them.

    What the first of them, the chief, prints goes where this process prints; what the others say
    is kept, and shown where it is the reason for an end. When one ends badly, so do all.

    Args:
        command: command of one worker.
        workers: How many, 2 or more.
        resume_by: The command that goes on after a worker was lost; to be shown.

    Returns:
        The exit code: 0 where all ended well.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zoo-workers-")))
        stack.enter_context(processes.termination_as_interruption())
        running = _start(command, workers, folder)
        stack.callback(processes.end, running, _SECONDS_TO_END)
        try:
            while True:
                codes = [process.poll() for process in running]
                if any(codes):
                    return _explain(running, folder, resume_by)
                if not any(code is None for code in codes):
                    return 0
                time.sleep(_SECONDS_BETWEEN_LOOKS)
        except KeyboardInterrupt:
            # The chief keeps the step that all are taking, for which it needs the others.
            processes.end(running[:1], _SECONDS_FOR_A_STEP)
            raise


def launched() -> bool:
    """Whether this process was started by `launch`."""
    return _LAUNCHER in os.environ


def place_on_this_machine() -> tuple[int, int]:
    """Returns which worker of this machine this is, and of how many; alone without `launch`."""
    if not launched():
        return 0, 1
    _, worker, workers = os.environ[_LAUNCHER].split("/")
    return int(worker), int(workers)


def end_with_launcher() -> None:
    """Ends this process when the one that launched it is gone, however it went."""
    launcher = int(os.environ[_LAUNCHER].split("/")[0])

    def watch():
        while os.getppid() == launcher:
            time.sleep(1)
        os._exit(LOST)

    threading.Thread(target=watch, daemon=True).start()


def _start(command: Sequence[str], workers: int, folder: Path) -> list[subprocess.Popen]:
    addresses = [f"127.0.0.1:{port}" for port in _free_ports(workers)]
    threads = str(max(1, len(os.sched_getaffinity(0)) // workers))
    started = []
    for worker in range(workers):
        task = {"type": "worker", "index": worker}
        shared = {"TF_NUM_INTRAOP_THREADS": threads, "TF_NUM_INTEROP_THREADS": threads}
        environment = {
            **shared,
            **os.environ,
            _LAUNCHER: f"{os.getpid()}/{worker}/{workers}",
            "TF_CONFIG": json.dumps({"cluster": {"worker": addresses}, "task": task}),
        }
        # What the chief prints is shown at once.
        log = _log(folder, worker) if worker else None
        started.append(processes.start(command, environment, log))
    return started


def _explain(running: list[subprocess.Popen], folder: Path, resume_by: str) -> int:
    """Says in one line why the first worker ended badly, and returns the exit code."""
    deadline = time.monotonic() + _SECONDS_OF_GRACE
    while not (cause := _first_cause(running)) and time.monotonic() < deadline:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    cause = cause or _first_cause(running, chief_may_explain=False)
    if cause is None:
        silent = [worker for worker, process in enumerate(running) if process.poll() is None]
        who = f"worker {silent[0]}" if silent else "a worker"
        say(f"zoo: {who} did not answer the others any more and was ended; {resume_by}")
        return LOST
    worker, code = cause
    if code < 0:
        name = signal.Signals(-code).name
        say(f"zoo: worker {worker} was ended by {name}, and with it all others; {resume_by}")
        return LOST
    if worker:
        # What the chief printed stands on the screen already.
        lines = _log(folder, worker).read_text(encoding="utf-8", errors="replace").splitlines()
        last = lines[-1].removeprefix("zoo: ") if lines else f"ended with exit code {code}"
        say(f"zoo: worker {worker}: {last}")
    return code


def _first_cause(
    running: list[subprocess.Popen], chief_may_explain: bool = True
) -> tuple[int, int] | None:
    codes = [process.poll() for process in running]
    # A worker that lost another one is no cause of its own.
    causes = [(worker, code) for worker, code in enumerate(codes) if code and code != LOST]
    # What is wrong for all of them, the chief says.
    if causes and causes[0] == (causes[0][0], INPUT_ERROR) and codes[0] is None:
        return None if chief_may_explain else causes[0]
    return causes[0] if causes else None


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _log(folder: Path, worker: int) -> Path:
    return folder / f"worker-{worker}.txt"
