"""How many rows of several requests go together, and how long they wait for each other."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class BatchOptions:
    """What a model allows; the names follow TensorFlow Serving's BatchingParameters.

    Args:
        max_batch_size: The most rows in one call; 1 turns batching off.
        timeout: Seconds that a request waits for company while a thread is free.
        allowed_batch_sizes: Ascending; a batch is padded with copies of its last row up to the
            next of these. Empty: no padding. The last must equal max_batch_size.

    Example:

    >>> BatchOptions(max_batch_size=8, allowed_batch_sizes=(4, 8)).padded(3)
    4
    """

    max_batch_size: int = 32
    timeout: float = 0.001
    allowed_batch_sizes: tuple[int, ...] = ()

    def __post_init__(self):
        sizes = self.allowed_batch_sizes
        if self.max_batch_size < 1 or self.timeout < 0:
            raise ValueError("max_batch_size must be at least 1 and the timeout not negative")
        if sizes and (list(sizes) != sorted(set(sizes)) or sizes[-1] != self.max_batch_size):
            raise ValueError(
                "allowed_batch_sizes must ascend and end with max_batch_size "
                f"({self.max_batch_size}), not {list(sizes)}"
            )

    def padded(self, rows: int) -> int:
        """Returns the size to which a batch of so many rows is padded."""
        return next((size for size in self.allowed_batch_sizes if size >= rows), rows)

    def limited(self, max_batch_size: int | None, timeout: float | None) -> "BatchOptions":
        """Returns these options under a server's own limit and with its own timeout, if any."""
        changed = self
        if max_batch_size is not None and max_batch_size < self.max_batch_size:
            sizes = tuple(s for s in self.allowed_batch_sizes if s < max_batch_size)
            sizes = (*sizes, max_batch_size) if self.allowed_batch_sizes else ()
            changed = BatchOptions(max_batch_size, self.timeout, sizes)
        if timeout is not None:
            changed = dataclasses.replace(changed, timeout=timeout)
        return changed


ALONE = BatchOptions(max_batch_size=1, timeout=0.0)
