"""Each replica's share of the batches, cut from the plan that one process would follow."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import tensorflow as tf

from zoo.errors import InputError
from zoo.training.batching import BatchPlan, Columns, training_stream


class Shares:
    """The rows of a plan's batches that some replicas take, as `training_stream` reads a plan.

    Replica r of n takes every n-th row of a batch, from the r-th on: rows of like length stand
    side by side in a batch, so that the shares are alike in length too. Together the shares of
    all replicas are the batch, each row once.

    Args:
        plan: With `from_step`.
        replicas: Whose shares; one after the other for each batch.
        total: How many replicas there are.

    Example:

    >>> plan = BatchPlan(np.ones(4), batch_size=4)
    >>> first, second = (next(Shares(plan, [r], 2).from_step(0)) for r in (0, 1))
    >>> sorted([*first, *second])
    [0, 1, 2, 3]
    """

    # Shares differ by a row where the batch cannot be cut evenly.
    batch_size = None

    def __init__(self, plan: "BatchPlan | EveryRow", replicas: Sequence[int], total: int):
        self.plan, self.replicas, self.total = plan, replicas, total

    def from_step(self, step: int) -> Iterator[np.ndarray]:
        """Yields the shares' row indices from a batch of the plan on."""
        for rows in self.plan.from_step(step):
            for replica in self.replicas:
                yield rows[replica :: self.total]


class EveryRow:
    """Every row exactly once, in batches of similar length, shortest first; then again.

    Args:
        lengths: int [rows] or [rows, columns], to sort by.
        batch_size: Rows a batch.
        replicas: The last batch is one of its own only if each replica finds a row in it.

    Raises:
        InputError: fewer rows than replicas.
    """

    def __init__(self, lengths: np.ndarray, batch_size: int, replicas: int):
        lengths = np.asarray(lengths)
        if len(lengths) < replicas:
            raise InputError(
                f"{len(lengths)} validation rows cannot be shared by {replicas} replicas; give "
                f"more data or fewer workers and devices"
            )
        order = np.lexsort(lengths.T if lengths.ndim > 1 else lengths[None]).astype("int64")
        cuts = list(range(0, len(order), max(batch_size, replicas)))
        if len(order) - cuts[-1] < replicas:
            cuts.pop()
        self.batches = [
            order[start:stop] for start, stop in zip(cuts, [*cuts[1:], len(order)], strict=True)
        ]

    def from_step(self, step: int) -> Iterator[np.ndarray]:
        """Yields the batches' row indices from a batch on, without end."""
        while True:
            yield from self.batches[step % len(self.batches) :]
            step = 0


def distributed(
    strategy: tf.distribute.Strategy,
    plan: "BatchPlan | EveryRow",
    columns: Columns,
    features: Callable,
    start_step: int = 0,
) -> tf.distribute.DistributedDataset:
    """Returns the endless batches of a plan, each replica's share on its device.

    Args:
        strategy: Whose replicas share.
        plan: What one process would follow.
        columns, features: the same as for `zoo.training.training_stream`.
        start_step: The number of batches to leave out.
    """

    def mine(context: tf.distribute.InputContext) -> tf.data.Dataset:
        total = context.num_replicas_in_sync
        here = total // context.num_input_pipelines
        first = here * context.input_pipeline_id
        shares = Shares(plan, range(first, first + here), total)
        stream = training_stream(shares, columns, features, start_step)
        # Known to be endless, so that the workers need not ask each other at each step.
        return stream.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))

    return strategy.distribute_datasets_from_function(mine)
