"""Softmax over the real positions only."""

from typing import Any

from keras import ops
from keras.backend import standardize_dtype

# Far below any score, and far above the least float32, so that a difference of two never overflows.
_NEVER = -1e30


def masked_softmax(scores: Any, mask: Any) -> Any:
    """Returns the softmax of `scores` over the positions that are real.

    It is worked out in float32 (float64 where the scores are), so half precision scores can
    neither overflow in the mask nor lose the small weights.

    Args:
        scores: `[..., positions]`, of any float type.
        mask: Bool, broadcastable to `scores`; true on real positions.

    Returns:
        Weights `[..., positions]` in float32 or float64: exactly zero where the mask is false, and
        of sum one over the rest. Where no position is real all weights are zero, and the gradient
        is zero too.

    Example:

    >>> import numpy as np
    >>> masked_softmax(np.array([[1.0, 1.0, 9.0]]), np.array([[True, True, False]])).numpy()
    array([[0.5, 0.5, 0. ]])
    """
    weights = ops.softmax(_silenced(scores, mask), axis=-1)
    # With nothing real the softmax is uniform; elsewhere this changes nothing.
    return weights * ops.cast(mask, weights.dtype)


def masked_log_softmax(scores: Any, mask: Any) -> Any:
    """Returns the logarithm of `masked_softmax`, and zero where the mask is false."""
    return ops.where(mask, ops.log_softmax(_silenced(scores, mask), axis=-1), 0.0)


def _silenced(scores, mask):
    scores = at_least_single(scores)
    return ops.where(mask, scores, ops.cast(_NEVER, scores.dtype))


def at_least_single(x: Any) -> Any:
    """Casts half precision up to float32 and leaves wider floats alone."""
    return ops.cast(x, "float64" if standardize_dtype(x.dtype) == "float64" else "float32")
