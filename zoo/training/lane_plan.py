"""Batches of one long text in contiguous lanes, as a pure function of seed and step."""

from collections.abc import Iterator

import numpy as np

from zoo.errors import InputError


class LanePlan:
    """Which windows of a text make up which batch: each row goes on where it was a batch before.

    The windows start at every `window / stride` tokens, so that the next one without overlap is
    `stride` windows on. Lanes begin apart by equal parts of the text and go round it as on a ring:
    what a lane reads after an epoch is what the lane before it read, its state goes with it, and
    the cuts between windows move. Only from the end of the text to its beginning is there a seam.
    See `CarriedState` for the state.

    Args:
        num_windows: How many windows there are; see `windows_of`.
        batch_size: Lanes.
        stride: Windows from one to the next without overlap. Defaults to 1.
        seed: Where on the ring the first lane begins. Defaults to 0.

    Raises:
        InputError: fewer windows than one batch of lanes needs.

    Example:

    >>> plan = LanePlan(6, batch_size=2)
    >>> [rows.tolist() for rows, _ in zip(plan.from_step(0), range(4))]
    [[5, 2], [0, 3], [1, 4], [2, 5]]
    """

    def __init__(self, num_windows: int, batch_size: int, stride: int = 1, seed: int = 0):
        self.steps_per_epoch = num_windows // (batch_size * stride)
        if self.steps_per_epoch < 1:
            raise InputError(
                f"the training text has {max(num_windows, 0) // stride} windows, too few for "
                f"{batch_size} lanes; give more text, a smaller batch_size or a shorter window"
            )
        self.num_windows, self.batch_size, self.stride = num_windows, batch_size, stride
        first = np.random.default_rng(seed).integers(num_windows)
        self.starts = first + np.arange(batch_size) * num_windows // batch_size

    def from_step(self, step: int) -> Iterator[np.ndarray]:
        """Yields the batches' windows from a step on, without end."""
        while True:
            yield (self.starts + step * self.stride) % self.num_windows
            step += 1

    def padding_share(self) -> float:
        """Returns the share of padding: 0, all windows being full."""
        return 0.0


def windows_of(tokens: np.ndarray, window: int, stride: int = 1) -> np.ndarray:
    """Cuts tokens [N] into overlapping windows [num_windows, window + 1].

    Each has one token more than a window: the targets are the inputs moved by one.

    Args:
        tokens: int [N].
        window: Tokens of a window, a multiple of `stride`.
        stride: Windows that begin within one window's length. Defaults to 1: no overlap.

    Raises:
        InputError: the window is not a multiple of the stride.

    Example:

    >>> windows_of(np.arange(6), window=2).tolist()
    [[0, 1, 2], [2, 3, 4]]
    """
    if window < 1 or stride < 1 or window % stride:
        raise InputError(f"a window of {window} cannot be parted by {stride}; give a multiple")
    if len(tokens) <= window:
        return np.zeros([0, window + 1], tokens.dtype)
    every = np.lib.stride_tricks.sliding_window_view(tokens, window + 1)
    return np.ascontiguousarray(every[:: window // stride])
