"""How a training run is spread over devices and processes."""

import contextlib
import hashlib
import re
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from zoo.errors import InputError
from zoo.training.batching import BatchPlan, Columns, evaluation_batches, training_stream
from zoo.training.replicated import Replicated
from zoo.training.shares import EveryRow, distributed

_SAID_OF_THE_LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
    tf.errors.UnavailableError,
)


class WorkerLostError(Exception):
    """Another worker is gone; training ended at the last checkpoint. The message is one line."""


class Distribution:
    """The replicas that train one model together; one alone, where there is no strategy.

    Without a strategy everything here is what Keras does by itself.

    Args:
        strategy: Whose replicas, or None.

    Example:

    >>> with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
    ...     Distribution.current().replicas
    1
    """

    def __init__(self, strategy: tf.distribute.Strategy | None = None):
        self.strategy = strategy

    @classmethod
    def current(cls) -> "Distribution":
        """Returns the one in whose strategy's scope this is called."""
        return cls(tf.distribute.get_strategy() if tf.distribute.has_strategy() else None)

    @property
    def replicas(self) -> int:
        """How many copies of the model train together, over all processes."""
        return self.strategy.num_replicas_in_sync if self.strategy else 1

    @property
    def workers(self) -> tuple[str, ...]:
        """The addresses of the processes; none where there is one."""
        resolver = self.strategy.cluster_resolver if self.strategy else None
        tasks = resolver.cluster_spec().as_dict() if resolver else {}
        return (*tasks.get("chief", ()), *tasks.get("worker", ()))

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run folder."""
        return self.strategy is None or self.strategy.extended.should_checkpoint

    def scope(self) -> contextlib.AbstractContextManager:
        """Returns the strategy's scope."""
        return self.strategy.scope() if self.strategy else contextlib.nullcontext()

    def replicated(self, model: keras.Model) -> keras.Model:
        """Returns what to compile and train: the model, or what trains its replicas as one.

        Raises:
            InputError: the model cannot be trained by several.
        """
        return Replicated(model) if self.strategy else model

    def training_stream(
        self, plan: BatchPlan, columns: Columns, features: Callable, start_step: int = 0
    ) -> tf.data.Dataset | tf.distribute.DistributedDataset:
        """Returns the endless batches of a plan, each cut among the replicas.

        Args: as of `zoo.training.training_stream`.

        Raises:
            InputError: a batch has fewer rows than there are replicas.
        """
        if self.strategy is None:
            return training_stream(plan, columns, features, start_step)
        if plan.batch_size < self.replicas:
            raise InputError(
                f"batch_size={plan.batch_size} cannot be shared by {self.replicas} replicas; give "
                f"a larger batch_size, or fewer workers and devices"
            )
        return distributed(self.strategy, plan, columns, features, start_step)

    def evaluation_batches(
        self, columns: Columns, features: Callable, lengths: np.ndarray, batch_size: int
    ) -> tuple[tf.data.Dataset | tf.distribute.DistributedDataset, int | None]:
        """Returns batches that hold every row once, and how many they are; None: to their end.

        Args: as of `zoo.training.evaluation_batches`.
        """
        if self.strategy is None:
            return evaluation_batches(columns, features, lengths, batch_size), None
        rows = EveryRow(lengths, batch_size, self.replicas)
        return distributed(self.strategy, rows, columns, features), len(rows.batches)

    def agree(self, what: str, value: object) -> None:
        """Raises `InputError` in every process unless a value is the same in all of them."""
        if len(self.workers) < 2:
            return
        digest = hashlib.sha256(repr(value).encode()).digest()
        number = tf.constant([int.from_bytes(digest[:7], "big")], tf.int64)

        @tf.function
        def gathered():
            context = tf.distribute.get_replica_context
            return self.strategy.run(lambda: context().all_gather(number, axis=0))

        with self.noticing_lost_workers():
            numbers = self.strategy.experimental_local_results(gathered())[0].numpy()
        here = len(numbers) // len(self.workers)
        for worker, other in enumerate(numbers[::here]):
            if other != numbers[0]:
                raise InputError(
                    f"worker {worker} has another {what} than worker 0; start all workers with the "
                    f"same command, code and data, and one run folder that all can read"
                )

    @contextlib.contextmanager
    def noticing_lost_workers(self):
        """Turns what TensorFlow says of a process that is gone into `WorkerLostError`."""
        try:
            yield
        except _SAID_OF_THE_LOST as error:
            workers = self.workers
            if len(workers) < 2 or not re.search(r"ollective|/task:|heartbeat", str(error)):
                raise
            here = self.strategy.cluster_resolver.task_id or 0
            lost = [
                f"worker {index} ({workers[index]})"
                for index in sorted({int(task) for task in re.findall(r"/task:(\d+)", str(error))})
                if index != here and index < len(workers)
            ]
            raise WorkerLostError(
                f"{' and '.join(lost) or 'another worker'} does not answer any more; what was "
                f"trained is kept up to the last checkpoint: start all workers again with --resume"
            ) from error
