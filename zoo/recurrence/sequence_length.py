"""Checks of the lengths that say how much of each row is real."""

from typing import Any

import numpy as np
import tensorflow as tf

from zoo.errors import InputError


def check_sequence_length(owner: str, lengths: Any, inputs_shape: tuple, axis: int = 1) -> Any:
    """Checks what is known before anything runs; returns lengths as an array or tensor.

    Args:
        owner: Who asks, for the message.
        lengths: What was given, or None.
        inputs_shape: `(batch, time, features)`, None where unknown.
        axis: The axis of the inputs that is counted. Defaults to 1.

    Raises:
        InputError: For another shape or dtype, and for known values outside 0 to time.
    """
    if lengths is None:
        return None
    batch, time = inputs_shape[0], inputs_shape[axis]
    lengths = lengths if hasattr(lengths, "shape") else np.asarray(lengths)
    dtype = dtype_name(lengths)
    if "int" not in dtype:
        raise InputError(f"{owner} expects integer lengths; got dtype {dtype}")
    shape = tuple(lengths.shape)
    fits = len(shape) == 1 and (None in (shape[0], batch) or shape[0] == batch)
    if not fits:
        rows = "batch" if batch is None else batch
        raise InputError(f"{owner} expects lengths of shape ({rows},); got {shape}")
    if isinstance(lengths, np.ndarray) or (tf.is_tensor(lengths) and hasattr(lengths, "numpy")):
        _check_values(owner, np.asarray(lengths), time)
    return lengths


def dtype_name(value: Any) -> str:
    """The name of the dtype of an array or a tensor of any kind."""
    return str(getattr(value.dtype, "name", value.dtype))


def guard_in_graph(owner: str, lengths: Any, inputs: tf.Tensor, axis: int = 1) -> tf.Tensor:
    """Lengths as int32; in a graph, an assertion that they lie in 0 to time, one for each row."""
    lengths = tf.cast(lengths, tf.int32)
    if tf.executing_eagerly():
        return lengths
    size = tf.shape(inputs)
    right = ~wrong_lengths(lengths, size[axis])
    if lengths.shape[0] is None or inputs.shape[0] is None:
        right &= tf.size(lengths) == size[0]
    message = f"{owner} expects lengths from 0 to time, one a row; got (lengths, time):"
    with tf.control_dependencies([tf.debugging.Assert(right, [message, lengths, size[axis]], 16)]):
        return tf.identity(lengths)


def wrong_lengths(lengths: tf.Tensor, time: Any) -> tf.Tensor:
    """Whether any of the lengths int32 `[batch]` lies outside 0 to time; a bool scalar."""
    return tf.reduce_any((lengths < 0) | (lengths > time))


def _check_values(owner: str, values: np.ndarray, time: int | None) -> None:
    too_long = values > time if time is not None else np.zeros_like(values, bool)
    wrong = np.flatnonzero((values < 0) | too_long)
    if wrong.size:
        row = int(wrong[0])
        until = "the number of steps" if time is None else time
        raise InputError(
            f"{owner} expects lengths from 0 to {until}; got {int(values[row])} in row {row}"
        )
