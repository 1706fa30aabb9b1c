"""Keeps what a step leaves in its state, one entry a step."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def open_arrays(
    record: Callable[[Any], Any] | None,
    state: Any,
    make_array: Callable[[tf.DType, tf.TensorShape], tf.TensorArray],
) -> Any:
    """Returns a nest of empty tensor arrays, formed as `record(state)` is.

    A state keeps its form from step to step, so the initial one says what will be recorded.
    Without a record the nest is empty.
    """
    if record is None:
        return ()
    return tf.nest.map_structure(lambda leaf: make_array(leaf.dtype, leaf.shape), record(state))


def write(record: Callable[[Any], Any] | None, arrays: Any, index: tf.Tensor, state: Any) -> Any:
    """Returns the arrays with `record(state)` at `index`."""
    if record is None:
        return arrays
    return tf.nest.map_structure(
        lambda array, leaf: array.write(index, leaf), arrays, record(state)
    )
