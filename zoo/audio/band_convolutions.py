"""Convolutions over frames and bands, before a recurrence reads the frames."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo")
class BandConvolutions(keras.layers.Layer):
    """relu(W * x + b) over 3 frames x 3 bands, and the maximum of every two bands; repeated.

    The front end of Amodei et al. 2016, "Deep Speech 2", with the frames left as many as they
    were: a voice that is pitched a band higher looks the same to the recurrence.

    Args:
        filters: Channels of each convolution.

    Call arguments:
        frames: float [B, N, M].
        length: int [B], the real frames of each row. What stands past it is taken for zero by
            every convolution, so more padding changes nothing.

    Returns:
        [B, N, ceil(M / 2^n) * filters[-1]] for n filters; zero past a row's length.

    Raises:
        InputError: no filters, or a number of channels below 1.

    Example:

    >>> BandConvolutions((4, 8))(tf.zeros([2, 3, 10]), tf.constant([3, 1])).shape
    TensorShape([2, 3, 24])
    """

    def __init__(self, filters: Sequence[int], **kwargs):
        super().__init__(**kwargs)
        if not filters or min(filters) < 1:
            raise InputError(f"filters is {tuple(filters)}; expected one or more, each 1 or more")
        self.filters = tuple(filters)
        self._convolutions = [
            keras.layers.Conv2D(
                count, 3, padding="same", activation="relu", name=f"convolution_{place}"
            )
            for place, count in enumerate(self.filters)
        ]
        self._halving = keras.layers.MaxPooling2D((1, 2), padding="same", name="halving")

    def build(self, frames_shape, length_shape=None):
        shape = [*frames_shape, 1]
        for convolution in self._convolutions:
            convolution.build(shape)
            shape = self._halving.compute_output_shape(convolution.compute_output_shape(shape))

    def compute_output_shape(self, frames_shape, length_shape=None):
        bands = frames_shape[-1]
        for _ in self.filters:
            bands = -(-bands // 2)
        return (*frames_shape[:2], bands * self.filters[-1])

    def call(self, frames, length):
        real = tf.sequence_mask(length, tf.shape(frames)[1])[:, :, None, None]
        hidden = frames[..., None]
        for convolution in self._convolutions:
            hidden = tf.where(real, hidden, tf.zeros([], hidden.dtype))
            hidden = self._halving(convolution(hidden))
        hidden = tf.where(real, hidden, tf.zeros([], hidden.dtype))
        rows, steps = tf.unstack(tf.shape(frames)[:2])
        return tf.reshape(hidden, [rows, steps, self.compute_output_shape(frames.shape)[-1]])

    def compute_mask(self, *arguments, **keywords):
        return None

    def get_config(self):
        return {**super().get_config(), "filters": list(self.filters)}
