"""The layer between a decoder's state and its logits."""

from typing import Any

import keras
import tensorflow as tf

OUTPUT_HEADS = ("plain", "token", "maxout")


@keras.saving.register_keras_serializable(package="zoo")
class Maxout(keras.layers.Layer):
    """The greater of each pair of numbers of W x + b (Goodfellow et al. 2013, "Maxout networks").

    Args:
        units: Width of the output; W x has twice as many numbers.

    Call arguments:
        inputs: float [..., D].

    Returns:
        [..., units]: number j is max(t_2j, t_2j+1), t = W x + b.

    Example:

    >>> Maxout(3)(tf.zeros([2, 5])).shape
    TensorShape([2, 3])
    """

    def __init__(self, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = units
        self.pairs = keras.layers.Dense(2 * units, name="pairs")

    def build(self, inputs_shape):
        self.pairs.build(inputs_shape)

    def compute_output_shape(self, inputs_shape):
        return (*inputs_shape[:-1], self.units)

    def call(self, inputs):
        pairs = self.pairs(inputs)
        shape = tf.concat([tf.shape(pairs)[:-1], [self.units, 2]], 0)
        return tf.reduce_max(tf.reshape(pairs, shape), -1)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def token_head(output_head: str, units: int, name: str) -> keras.layers.Layer:
    """Returns the layer of a head that reads the fed token: [state; context; token] -> [units].

    Args:
        output_head: "token", o = tanh(W x + b), or "maxout"; see `Maxout`.
        units: Width of the output.
        name: The layer's name.
    """
    if output_head == "maxout":
        return Maxout(units, name=name)
    return keras.layers.Dense(units, "tanh", name=name)
