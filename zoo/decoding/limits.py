"""How many tokens each row may have."""

import numbers
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from zoo.errors import InputError


class Limit(NamedTuple):
    """The most tokens that may be produced.

    Attributes:
        steps: The most steps of any row, at least 1; a Python integer or an int32 scalar.
        rows: int32 [B], the most tokens of each row.
        static: Whether `steps` is a Python integer: outputs then have this many positions.
    """

    steps: int | tf.Tensor
    rows: tf.Tensor
    static: bool

    def array(self, dtype: tf.DType, element_shape: Any) -> tf.TensorArray:
        """Returns an array with a place for each step.

        A static one has all places from the start and reads as zero where nothing was written;
        any other grows, so that a caller's very large maximum costs nothing.
        """
        return tf.TensorArray(
            dtype,
            size=self.steps if self.static else 0,
            dynamic_size=not self.static,
            element_shape=element_shape,
            clear_after_read=False,
        )


def resolve_limit(max_length: Any, num_rows: int | tf.Tensor) -> Limit:
    """Reads a maximum length as a person may give it.

    Args:
        max_length: A Python integer of at least 1, an integer scalar tensor, or an integer
            tensor [B] with a maximum for each row. Tensors may hold 0.
        num_rows: B.

    Raises:
        InputError: `max_length` is none of these.
    """
    if isinstance(max_length, numbers.Integral) and not isinstance(max_length, bool):
        if max_length < 1:
            raise InputError(f"max_length is {max_length}; it must be at least 1")
        return Limit(int(max_length), tf.fill([num_rows], int(max_length)), True)
    if not isinstance(max_length, (tf.Tensor, tf.Variable, np.ndarray, list, tuple)):
        raise InputError(
            f"max_length is {max_length!r}; give an integer, a scalar tensor or a tensor [B]"
        )
    rows = tf.convert_to_tensor(max_length)
    if not rows.dtype.is_integer or rows.shape.rank not in (0, 1):
        raise InputError(
            f"max_length is {rows.dtype.name} {rows.shape}; give integers, a scalar or one a row"
        )
    rows = tf.broadcast_to(tf.cast(rows, tf.int32), [num_rows])
    # One step is taken in any case, so that the shapes of what it gives are known.
    return Limit(tf.maximum(tf.reduce_max(rows), 1), rows, False)


def check_minimum(min_length: Any, max_length: Any) -> None:
    """Raises `InputError` for plain numbers of which the minimum is above the maximum."""
    plain = [value for value in (min_length, max_length) if isinstance(value, numbers.Real)]
    if len(plain) == 2 and min_length > max_length:
        raise InputError(f"min_length is {min_length}; it must be at most max_length, {max_length}")
