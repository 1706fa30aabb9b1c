"""Batches of sequences of similar length, as a pure function of seed and step."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf

from zoo.errors import InputError

Columns = Mapping[str, "np.ndarray | tf.RaggedTensor"]


class BatchPlan:
    """Which rows make up which batch, epoch by epoch.

    In each epoch all rows are shuffled; pools of `pool_batches` batches are sorted by length and
    cut, so that a batch holds rows of similar length; then the batches are shuffled. The plan
    depends on the seed and the epoch alone: a run that is resumed at step k sees what the
    uninterrupted one saw. What does not fill a last batch is left out, other rows each epoch.

    Args:
        lengths: int [rows] or [rows, columns], the lengths that padding is counted in.
        batch_size: Rows a batch.
        seed: Defaults to 0.
        pool_batches: How many batches are sorted together: 1 is no bucketing at all; more means
            less padding and less mixing. Defaults to 50.

    Raises:
        InputError: fewer rows than one batch.

    Example:

    >>> plan = BatchPlan(np.array([3, 1, 3, 1]), batch_size=2)
    >>> plan.steps_per_epoch, plan.padding_share()
    (2, 0.0)
    """

    def __init__(self, lengths: np.ndarray, batch_size: int, seed: int = 0, pool_batches: int = 50):
        lengths = np.asarray(lengths)
        self.lengths = lengths[:, None] if lengths.ndim == 1 else lengths
        if len(self.lengths) < batch_size:
            raise InputError(
                f"{len(self.lengths)} training rows do not fill one batch of {batch_size}; "
                f"give more data or a smaller batch_size"
            )
        self.batch_size, self.seed, self.pool_batches = batch_size, seed, pool_batches
        self.steps_per_epoch = len(self.lengths) // batch_size

    def epoch(self, epoch: int) -> np.ndarray:
        """Returns the row indices of one epoch, int [steps_per_epoch, batch_size]."""
        random = np.random.default_rng([self.seed, epoch])
        rows = random.permutation(len(self.lengths))[: self.steps_per_epoch * self.batch_size]
        pool = self.pool_batches * self.batch_size
        for start in range(0, len(rows), pool):
            part = rows[start : start + pool]
            order = np.lexsort(self.lengths[part].T)
            rows[start : start + pool] = part[order]
        batches = rows.reshape(self.steps_per_epoch, self.batch_size)
        return batches[random.permutation(self.steps_per_epoch)]

    def padding_share(self, epoch: int = 0) -> float:
        """Returns the share of padding among all steps of an epoch's batches, 0 to 1."""
        lengths = self.lengths[self.epoch(epoch)]
        padded = lengths.max(axis=1).sum() * self.batch_size
        return float(1 - lengths.sum() / padded) if padded else 0.0

    def from_step(self, step: int) -> Iterator[np.ndarray]:
        """Yields the batches' row indices from a step on, without end."""
        epoch, position = divmod(step, self.steps_per_epoch)
        while True:
            yield from self.epoch(epoch)[position:]
            epoch, position = epoch + 1, 0


def ragged(sequences: Sequence[Sequence[int]], dtype: str = "int32") -> tf.RaggedTensor:
    """Puts sequences of numbers into one ragged tensor [rows, (steps)]."""
    lengths = [len(sequence) for sequence in sequences]
    flat = np.fromiter((x for s in sequences for x in s), dtype, count=sum(lengths))
    return tf.RaggedTensor.from_row_lengths(flat, np.asarray(lengths, "int64"), validate=False)


def training_stream(
    plan: BatchPlan, columns: Columns, features: Callable, start_step: int = 0
) -> tf.data.Dataset:
    """Returns the endless batches of a plan from a step on.

    Args:
        plan: Which rows make up which batch.
        columns: Arrays or ragged tensors with one row an example.
        features: Turns a dict of gathered columns (ragged ones still ragged) into what
            `keras.Model.fit` takes: (inputs, targets).
        start_step: The number of batches to leave out.
    """
    rows = tf.data.Dataset.from_generator(
        lambda: plan.from_step(start_step),
        output_signature=tf.TensorSpec([plan.batch_size], tf.int64),
    )
    return rows.map(_gather(columns, features)).prefetch(2)


def evaluation_batches(
    columns: Columns, features: Callable, lengths: np.ndarray, batch_size: int
) -> tf.data.Dataset:
    """Returns every row exactly once, in batches of similar length, shortest first.

    Args:
        columns, features: the same as for `training_stream`.
        lengths: int [rows] or [rows, columns], to sort by.
        batch_size: Rows a batch; the last one may be smaller.
    """
    lengths = np.asarray(lengths)
    order = np.lexsort(lengths.T if lengths.ndim > 1 else lengths[None])
    rows = tf.data.Dataset.from_tensor_slices(order.astype("int64")).batch(batch_size)
    return rows.map(_gather(columns, features)).prefetch(2)


def _gather(columns: Columns, features: Callable) -> Callable:
    def gather(rows):
        return features({name: tf.gather(column, rows) for name, column in columns.items()})

    return gather
