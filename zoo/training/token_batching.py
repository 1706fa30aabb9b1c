"""Batches of about equally many tokens, as a pure function of seed and step."""

from collections.abc import Iterator

import numpy as np

from zoo.errors import InputError


class TokenBatchPlan:
    """Which rows make up which batch, where a batch is bounded by its tokens and not by its rows.

    All rows are sorted by length and cut: a batch takes rows as long as

        rows * (longest of each column, summed)  <=  batch_tokens

    so many short rows or few long ones cost a step about the same time and memory. In each epoch
    the rows are shuffled before they are sorted, so that rows of one length meet others, and the
    batches after. The lengths in sorted order are the same in every epoch, and so are the cuts:
    each epoch has every row exactly once and the same number of batches. The plan depends on the
    seed and the epoch alone, as `BatchPlan` does.

    Args:
        lengths: int [rows] or [rows, columns], the lengths that padding is counted in.
        batch_tokens: The most tokens of a batch, padding among them, over all columns.
        seed: Defaults to 0.
        most_rows: The most rows of a batch; None for no such bound. Rows of length zero count as
            one token, so that there is a bound in any case.

    Raises:
        InputError: no rows, a bound below 1, or a row that is longer than a whole batch.

    Example:

    >>> plan = TokenBatchPlan(np.array([3, 1, 6, 1, 3]), batch_tokens=6)
    >>> sorted(sorted(rows.tolist()) for rows in plan.epoch(0))
    [[0, 4], [1, 3], [2]]
    >>> plan.steps_per_epoch, plan.padding_share()
    (3, 0.0)
    """

    # Batches differ in their rows: what reads a plan must not count on a number.
    batch_size = None

    def __init__(
        self, lengths: np.ndarray, batch_tokens: int, seed: int = 0, most_rows: int | None = None
    ):
        lengths = np.asarray(lengths)
        self.lengths = lengths[:, None] if lengths.ndim == 1 else lengths
        for name, value in (("batch_tokens", batch_tokens), ("most_rows", most_rows or 1)):
            if value < 1:
                raise InputError(f"{name} is {value}; expected 1 or more")
        if not len(self.lengths):
            raise InputError("there are no training rows; give more data")
        whole = self.lengths.sum(axis=1)
        if whole.max() > batch_tokens:
            row = int(np.argmax(whole))
            raise InputError(
                f"training row {row} has {whole[row]} tokens, more than a batch of {batch_tokens}; "
                f"leave such rows out or give a larger batch_tokens"
            )
        self.batch_tokens, self.seed = batch_tokens, seed
        in_order = self.lengths[self._sorted(np.arange(len(self.lengths)))]
        self._cuts = _cuts(in_order, batch_tokens, most_rows or len(in_order))
        self.steps_per_epoch = len(self._cuts) + 1

    def epoch(self, epoch: int) -> list[np.ndarray]:
        """Returns the row indices of each batch of one epoch."""
        random = np.random.default_rng([self.seed, epoch])
        rows = self._sorted(random.permutation(len(self.lengths)))
        batches = np.split(rows, self._cuts)
        return [batches[place] for place in random.permutation(len(batches))]

    def padding_share(self, epoch: int = 0) -> float:
        """Returns the share of padding among all tokens of an epoch's batches, 0 to 1."""
        padded = sum(
            len(rows) * int(self.lengths[rows].max(axis=0).sum()) for rows in self.epoch(epoch)
        )
        return float(1 - self.lengths.sum() / padded) if padded else 0.0

    def from_step(self, step: int) -> Iterator[np.ndarray]:
        """Yields the batches' row indices from a step on, without end."""
        epoch, position = divmod(step, self.steps_per_epoch)
        while True:
            yield from self.epoch(epoch)[position:]
            epoch, position = epoch + 1, 0

    def _sorted(self, rows):
        # The sort is stable: rows of one length stay as they were shuffled.
        return rows[np.lexsort(self.lengths[rows].T)]


def _cuts(lengths, batch_tokens, most_rows):
    """Where the sorted lengths [rows, columns] are parted: the place of each batch's first row."""
    cuts, start = [], 0
    longest = np.zeros_like(lengths[0])
    for place, row in enumerate(lengths):
        grown = np.maximum(longest, row)
        tokens = max(1, int(grown.sum())) * (place - start + 1)
        if place > start and (tokens > batch_tokens or place - start >= most_rows):
            cuts.append(place)
            start, grown = place, row
        longest = grown
    return cuts
