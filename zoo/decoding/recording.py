"""Keeps what a step leaves in its state, one entry a step."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def open_arrays(record: Callable[[Any], Any] | None, state: Any, steps: int | tf.Tensor) -> Any:
    """Returns a nest of empty tensor arrays of `steps` entries, formed as `record(state)` is.

    A state keeps its form from step to step, so the initial one says what will be recorded.
    Without a record the nest is empty.
    """
    if record is None:
        return ()
    return tf.nest.map_structure(
        lambda leaf: tf.TensorArray(leaf.dtype, size=steps, element_shape=leaf.shape),
        record(state),
    )


def write(record: Callable[[Any], Any] | None, arrays: Any, index: tf.Tensor, state: Any) -> Any:
    """Returns the arrays with `record(state)` at `index`."""
    if record is None:
        return arrays
    return tf.nest.map_structure(
        lambda array, leaf: array.write(index, leaf), arrays, record(state)
    )
