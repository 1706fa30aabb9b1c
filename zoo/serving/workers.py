"""Threads that run graphs, and never keep the process from ending."""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any


class Workers:
    """Runs functions on threads: a new one wherever none is idle.

    Whoever submits bounds how many run at a time. The threads are daemons: a function that never
    returns does not hold up the end of the process.

    Args:
        name: What the threads are called.

    Example:

        result = await Workers("run").submit(signature.run, inputs)
    """

    def __init__(self, name: str):
        self._name = name
        self._jobs: queue.SimpleQueue = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._busy = 0
        self._changed = threading.Condition(self._lock)

    def submit(self, function: Callable, *arguments) -> asyncio.Future:
        """Starts a function; returns the future of its result on the running loop."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        with self._lock:
            self._busy += 1
            if self._idle:
                self._idle -= 1
            else:
                threading.Thread(target=self._work, name=self._name, daemon=True).start()
        self._jobs.put((loop, future, function, arguments))
        return future

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            loop, future, function, arguments = job
            result, error = None, None
            try:
                result = function(*arguments)
            except BaseException as raised:
                error = raised
            with self._lock:
                self._busy -= 1
                self._idle += 1
                self._changed.notify_all()
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits
                loop.call_soon_threadsafe(_settle, future, result, error)
            del job, loop, future, function, arguments, result, error

    def close(self, seconds: float) -> bool:
        """Waits for what runs, at most so long; says whether all has ended."""
        with self._changed:
            ended = self._changed.wait_for(lambda: self._busy == 0, max(seconds, 0.0))
            for _ in range(self._idle):
                self._jobs.put(None)
            self._idle = 0
        return ended


def _settle(future: asyncio.Future, result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
