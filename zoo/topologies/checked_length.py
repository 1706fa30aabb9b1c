"""Lengths that fit the sequence that they are of."""

import keras
import numpy as np
import tensorflow as tf

from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo")
class CheckedLength(keras.layers.Layer):
    """Hands lengths on that lie from 0 to the size of an axis, and refuses others.

    A length past the sequence's end would be read as the whole by one layer and as nothing by
    another (a chain of tags has no last place then). In eager code the error is an `InputError`;
    in a graph, an exported one too, an assertion raises `tf.errors.InvalidArgumentError` when it
    runs; code compiled by XLA cannot check.

    Args:
        axis: The axis that is counted. Defaults to 1.
        name: What the lengths are called in the message.

    Call arguments:
        length: int [B].
        values: [B, N, ...], what the lengths are of; only its shape is read.

    Returns:
        int32 [B], the same lengths.

    Raises:
        InputError: a length below 0 or above N, or another number of lengths than rows.

    Example:

    >>> CheckedLength()(tf.constant([2, 0]), tf.zeros([2, 3])).numpy().tolist()
    [2, 0]
    """

    def __init__(self, axis: int = 1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, length_shape, values_shape=None):
        pass

    def compute_output_spec(self, length, values):
        return keras.KerasTensor(length.shape, "int32")

    def call(self, length, values):
        length = tf.cast(length, tf.int32)
        if None not in (length.shape[0], values.shape[0]) and length.shape[0] != values.shape[0]:
            raise self._error(
                f"got {length.shape[0]} lengths; expected {values.shape[0]}, one a row"
            )
        rows, size = tf.shape(values)[0], tf.shape(values)[self.axis]
        if tf.executing_eagerly():
            self._check(length.numpy(), int(size))
            return length
        right = (tf.size(length) == rows) & tf.reduce_all((length >= 0) & (length <= size))
        said = [f"{self.name}: expected lengths from 0 to size, one a row; got (length, size):"]
        with tf.control_dependencies([tf.debugging.Assert(right, [*said, length, size])]):
            return tf.identity(length)

    def _check(self, length, size):
        wrong = np.flatnonzero((length < 0) | (length > size))
        if wrong.size:
            row = int(wrong[0])
            raise self._error(f"{length[row]} in row {row}; expected a length from 0 to {size}")

    def _error(self, words):
        error = InputError(f"{self.name}: {words}")
        # Keras would put its own lines around the message.
        error._keras_call_info_injected = True
        return error

    def get_config(self):
        return {**super().get_config(), "axis": self.axis}
