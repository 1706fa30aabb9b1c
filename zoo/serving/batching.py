"""Rows of several callers in one call of the graph."""

import asyncio
import collections
import dataclasses
import weakref
from collections import deque
from collections.abc import Callable, Hashable

import numpy as np

from zoo.serving.batch_options import ALONE, BatchOptions
from zoo.serving.interruption import Interruption
from zoo.serving.servable import Arrays, Signature
from zoo.serving.status import Code, ServingError, from_tensorflow
from zoo.serving.workers import Workers

# The part of a call's time that is given to waiting for those who had answers from the last one.
_PATIENCE = 0.15
# Calls that run longer than this no longer keep others waiting: those get threads beside them.
SLOW_SECONDS = 0.5
# So many slow calls run at a time, all models together and of one model.
MOST_SLOW = 12
MOST_SLOW_OF_A_MODEL = 2
# What an interrupted call has to end in, when the server ends.
_INTERRUPT_SECONDS = 0.5


@dataclasses.dataclass(eq=False)
class _Task:
    inputs: Arrays
    rows: int
    deadline: float
    arrived: float
    answer: asyncio.Future
    call: "_Call | None" = None


@dataclasses.dataclass(eq=False)
class _Rhythm:
    """What the last calls of a signature let expect of the next.

    Callers that got their answers together come back together. A call that leaves with the first
    of them makes the others wait for a whole call, and halves the batches. So after a call, as
    many requests as it had are waited for, for a small part of the time that a call takes.
    """

    seconds: float = 0.0
    expected: int = 0
    until: float = 0.0

    def note(self, requests: int, waiting: int, seconds: float, now: float) -> None:
        self.seconds = seconds if not self.seconds else 0.7 * self.seconds + 0.3 * seconds
        # Nobody is waited for on account of a request that had no company.
        self.expected = requests + waiting if requests > 1 else 0
        self.until = now + _PATIENCE * self.seconds


@dataclasses.dataclass(eq=False)
class _Call:
    """A call of a graph that runs: who waits for it, and how to end it."""

    batch: list[_Task]
    model: Hashable
    started: float
    interruption: Interruption = dataclasses.field(default_factory=Interruption)
    slow: bool = False
    timer: asyncio.TimerHandle | None = None

    def interrupt_unless_wanted(self) -> None:
        if all(task.answer.done() for task in self.batch):
            self.interruption.interrupt()


class _Lane:
    """Requests of one signature that may go together: equal shapes but for rows, equal settings."""

    def __init__(self, signature, model: Hashable, options: BatchOptions, batchable: bool, rhythm):
        self.signature: Signature = signature
        self.model = model
        self.options = options
        self.batchable = batchable
        self.rhythm: _Rhythm = rhythm
        self.waiting: deque[_Task] = deque()
        self.rows = 0

    def add(self, task: _Task) -> None:
        """Puts a task at the end."""
        self.waiting.append(task)
        self.rows += task.rows

    def take(self) -> list[_Task]:
        """Takes the tasks of the next call from the front; at least one."""
        batch = [self.waiting.popleft()]
        rows = batch[0].rows
        while self.batchable and self.waiting:
            if rows + self.waiting[0].rows > self.options.max_batch_size:
                break
            rows += self.waiting[0].rows
            batch.append(self.waiting.popleft())
        self.rows -= rows
        return batch

    def ready_at(self) -> float:
        """When the front may leave: at once if a batch is full, else when it has waited enough."""
        if not self.batchable or self.rows >= self.options.max_batch_size:
            return 0.0
        enough = self.waiting[0].arrived + self.options.timeout
        if len(self.waiting) < self.rhythm.expected:
            return max(enough, self.rhythm.until)
        return enough


class Batcher:
    """Runs signatures for many callers on few threads, several requests in a call where it can.

    Two requests share a call if they ask for the same signature of the same version, agree in all
    shapes but the number of rows, and in the values of inputs that have no batch dimension. The
    graph must treat rows independently, as TensorFlow Serving's batching supposes too. If a call
    that several share fails, each is run by itself, so that one bad row spoils nobody's answer.

    All methods but `close` belong to the event loop's thread.

    Args:
        threads: Calls that run at the same time, all models together.
        max_waiting: The most requests that wait for a thread, all models together; one more is
            refused at once.
        max_batch_size: A limit on what the models allow; 1 turns batching off.
        timeout: In place of the models' own.
        observe: Called with (signature, requests, rows) before each call.

    Example:

        batcher = Batcher(threads=1)
        outputs = await batcher.run(signature, {"word": words}, options=BatchOptions())
    """

    def __init__(
        self,
        threads: int = 1,
        max_waiting: int = 1024,
        max_batch_size: int | None = None,
        timeout: float | None = None,
        observe: Callable[[Signature, int, int], None] = lambda *_: None,
    ):
        self._thread_count = threads
        self._max_waiting = max_waiting
        self._limits = max_batch_size, timeout
        self._observe = observe
        self._lanes: dict[tuple, _Lane] = {}
        self._rhythms: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
        self._calls: set[_Call] = set()
        # Calls that hold one of the threads; and slow calls, by model.
        self._quick = 0
        self._slow: collections.Counter = collections.Counter()
        self._full_since: float | None = None
        self._waiting = 0
        self._timer: asyncio.TimerHandle | None = None
        self._workers = Workers("zoo-serving-run")

    async def run(
        self,
        signature: Signature,
        inputs: Arrays,
        deadline: float | None = None,
        options: BatchOptions | None = None,
        model: Hashable = None,
    ) -> dict[str, np.ndarray]:
        """Answers one request.

        Args:
            signature: What to call.
            inputs: Its complete inputs.
            deadline: The loop time at which the answer is worth nothing any more.
            options: What the model allows; None: its requests are never put together.
            model: What the limit on slow calls of a model goes by; default: the signature.

        Returns:
            The outputs of this request's rows alone.

        Raises:
            ServingError: RESOURCE_EXHAUSTED at once where too many wait already,
                DEADLINE_EXCEEDED, or what the graph's own run raises.
        """
        loop = asyncio.get_running_loop()
        options = ALONE if options is None else options.limited(*self._limits)
        if self._waiting >= self._max_waiting:
            raise ServingError(
                Code.RESOURCE_EXHAUSTED,
                f"the queue of {self._max_waiting} requests is full",
                http_status=503,
            )
        now = loop.time()
        deadline = float("inf") if deadline is None else deadline
        rows, key, batchable = _placement(signature, inputs, options)
        task = _Task(inputs, rows, deadline, now, loop.create_future())
        lane = self._lanes.get(key)
        if lane is None:
            rhythm = self._rhythms.setdefault(signature, _Rhythm())
            model = signature if model is None else model
            lane = self._lanes[key] = _Lane(signature, model, options, batchable, rhythm)
        lane.add(task)
        self._waiting += 1
        self._dispatch()
        try:
            timeout = None if deadline == float("inf") else max(deadline - now, 0.0)
            return await asyncio.wait_for(task.answer, timeout)
        except asyncio.TimeoutError:
            raise _too_late() from None
        finally:
            if task.call is not None:
                task.call.interrupt_unless_wanted()

    def _dispatch(self) -> None:
        """Gives free threads the lanes that are due, the longest waiting first."""
        loop = asyncio.get_running_loop()
        while self._quick < self._thread_count and self._total_slow() < MOST_SLOW:
            lanes = self._lanes.items()
            if self._slow:
                lanes = [i for i in lanes if self._slow[i[1].model] < MOST_SLOW_OF_A_MODEL]
            if not lanes:
                return
            key, lane = min(lanes, key=lambda item: item[1].ready_at())
            wait = lane.ready_at() - loop.time()
            if wait > 0:
                self._wake_in(wait)
                return
            taken = lane.take()
            self._waiting -= len(taken)
            if not lane.waiting:
                del self._lanes[key]
            batch = [task for task in taken if self._still_wanted(task, loop.time())]
            if batch:
                self._start(key, lane, batch)

    def _total_slow(self) -> int:
        return self._slow.total() if self._slow else 0

    def _wake_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._dispatch)

    @staticmethod
    def _still_wanted(task: _Task, now: float) -> bool:
        if task.answer.done():
            return False
        if task.deadline <= now:
            task.answer.set_exception(_too_late())
            return False
        return True

    def _start(self, key: tuple, lane: _Lane, batch: list[_Task]) -> None:
        self._observe(lane.signature, len(batch), sum(task.rows for task in batch))
        loop = asyncio.get_running_loop()
        call = _Call(batch, lane.model, loop.time())
        for task in batch:
            task.call = call
        self._calls.add(call)
        self._quick += 1
        call.timer = loop.call_later(SLOW_SECONDS, self._call_is_slow, call)
        running = self._workers.submit(_run_batch, lane, call)

        def finish(done: asyncio.Future) -> None:
            waiting = len(self._lanes[key].waiting) if key in self._lanes else 0
            now = loop.time()
            lane.rhythm.note(len(batch), waiting, now - call.started, now)
            self._finish(call, done)

        running.add_done_callback(finish)

    def _call_is_slow(self, call: _Call) -> None:
        call.slow = True
        self._quick -= 1
        self._slow[call.model] += 1
        if self._total_slow() >= MOST_SLOW:
            self._full_since = asyncio.get_running_loop().time()
        self._dispatch()

    def _finish(self, call: _Call, done: asyncio.Future) -> None:
        self._calls.discard(call)
        call.timer.cancel()
        if call.slow:
            self._full_since = None
            self._slow[call.model] -= 1
            if not self._slow[call.model]:
                del self._slow[call.model]
        else:
            self._quick -= 1
        failure = done.exception()
        answers = [failure] * len(call.batch) if failure else done.result()
        for task, answer in zip(call.batch, answers, strict=True):
            if task.answer.done():
                continue
            if isinstance(answer, BaseException):
                task.answer.set_exception(answer)
            else:
                task.answer.set_result(answer)
        self._dispatch()

    def stuck_seconds(self) -> float:
        """Says for how long no call could start since slow ones hold every thread; 0: it can."""
        if self._full_since is None:
            return 0.0
        return asyncio.get_running_loop().time() - self._full_since

    def close(self, seconds: float = 30.0) -> bool:
        """Lets running calls finish for so long, then interrupts them; says whether all ended."""
        if self._workers.close(seconds):
            return True
        for call in list(self._calls):
            call.interruption.interrupt()
        return self._workers.close(_INTERRUPT_SECONDS)


def _too_late() -> ServingError:
    return ServingError(Code.DEADLINE_EXCEEDED, "the deadline passed before the answer was ready")


def _placement(
    signature: Signature, inputs: Arrays, options: BatchOptions
) -> tuple[int, tuple, bool]:
    """Says how many rows a request has, the key of its lane, and whether it may share a call."""
    with_rows = {name for name, slot in signature.inputs.items() if slot.has_rows()}
    sizes = {len(inputs[name]) for name in with_rows}
    batchable = (
        options.max_batch_size > 1
        and len(sizes) == 1
        and signature.batchable()
        and 0 < next(iter(sizes)) < options.max_batch_size
    )
    if not batchable:
        return (sizes.pop() if len(sizes) == 1 else 1), (id(signature),), False
    shapes = tuple((name, inputs[name].shape[1:]) for name in sorted(with_rows))
    settings = tuple(
        (name, inputs[name].shape, _value_key(inputs[name]))
        for name in sorted(set(inputs) - with_rows)
    )
    return sizes.pop(), (id(signature), shapes, settings), True


def _value_key(array: np.ndarray) -> object:
    return tuple(array.ravel().tolist()) if array.dtype == object else array.tobytes()


def _run_batch(lane: _Lane, call: _Call) -> list[dict | Exception]:
    """Runs on a worker thread; gives an answer or an error for each task."""
    with call.interruption.guard():
        if len(call.batch) == 1:
            return [_run_alone(lane, call.batch[0])]
        try:
            return _run_together(lane, call.batch)
        except Exception as error:
            if call.interruption.interrupted:
                return [error] * len(call.batch)
            return [_run_alone(lane, task) for task in call.batch]


def _run_alone(lane: _Lane, task: _Task) -> dict | Exception:
    if task.answer.done():
        return _too_late()
    try:
        return lane.signature.run(task.inputs)
    except ServingError as error:
        return error
    except Exception as error:
        return from_tensorflow(error)


def _run_together(lane: _Lane, batch: list[_Task]) -> list[dict | Exception]:
    signature = lane.signature
    rows = sum(task.rows for task in batch)
    padding = lane.options.padded(rows) - rows
    merged = {}
    for name, slot in signature.inputs.items():
        parts = [task.inputs[name] for task in batch]
        if not slot.has_rows():
            merged[name] = parts[0]
            continue
        if padding:
            parts.append(np.repeat(parts[-1][-1:], padding, axis=0))
        merged[name] = np.concatenate(parts)
    outputs = signature.run(merged)
    if any(array.shape[:1] != (rows + padding,) for array in outputs.values()):
        raise ValueError("an output has not one row for each row of the inputs")
    answers: list[dict | Exception] = []
    start = 0
    for task in batch:
        end = start + task.rows
        answers.append({name: array[start:end] for name, array in outputs.items()})
        start = end
    return answers
