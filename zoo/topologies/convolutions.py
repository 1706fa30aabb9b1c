"""Convolutions over pictures, each followed by a maximum that halves them."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from zoo.checks import check_counts
from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo")
class Convolutions(keras.layers.Layer):
    """relu(W * x + b), 3 x 3, and the maximum over 2 x 2, len(filters) times (LeCun et al. 1998).

    Every picture is convolved for itself, also those of a clip.

    Args:
        filters: Channels of each convolution.

    Call arguments:
        pictures: float [..., height, width, channels].

    Returns:
        [..., height', width', filters[-1]]; each convolution halves the sides, rounding up.

    Raises:
        InputError: no sequence, or a number of channels below 1.

    Example:

    >>> Convolutions((4, 8))(tf.zeros([2, 3, 28, 14, 1])).shape
    TensorShape([2, 3, 7, 4, 8])
    """

    def __init__(self, filters: Sequence[int], **kwargs):
        super().__init__(**kwargs)
        if isinstance(filters, str) or not isinstance(filters, Sequence):
            raise InputError(
                f"filters is {filters!r}; expected the channels of each convolution, whole numbers "
                "of 1 or more"
            )
        check_counts(**{f"filters[{place}]": count for place, count in enumerate(filters)})
        self.filters = tuple(filters)
        self._convolutions = [
            keras.layers.Conv2D(
                count, 3, padding="same", activation="relu", name=f"convolution_{place}"
            )
            for place, count in enumerate(self.filters)
        ]
        self._halving = keras.layers.MaxPooling2D(2, padding="same", name="halving")

    def build(self, pictures_shape):
        shape = [None, *pictures_shape[-3:]]
        for convolution in self._convolutions:
            convolution.build(shape)
            shape = self._halving.compute_output_shape(convolution.compute_output_shape(shape))

    def compute_output_shape(self, pictures_shape):
        *before, height, width, channels = pictures_shape
        for _ in self.filters:
            height, width = -(-height // 2), -(-width // 2)
        return (*before, height, width, (channels, *self.filters)[-1])

    def call(self, pictures):
        before = tf.shape(pictures)[:-3]
        one_by_one = tf.reshape(pictures, [-1, *pictures.shape[-3:]])
        for convolution in self._convolutions:
            one_by_one = self._halving(convolution(one_by_one))
        made = tf.reshape(one_by_one, tf.concat([before, tf.shape(one_by_one)[1:]], 0))
        made.set_shape(self.compute_output_shape(pictures.shape))
        return made

    def get_config(self):
        return {**super().get_config(), "filters": list(self.filters)}
