"""Additive attention with a scoring vector of learned length."""

from typing import Any

import keras
from keras import ops

from zoo.attention.additive import AdditiveAttention
from zoo.attention.catalog import attentions


@attentions.register("normalised_additive")
@keras.saving.register_keras_serializable(package="zoo")
class NormalisedAdditiveAttention(AdditiveAttention):
    """Additive attention whose scoring vector has its length apart from its direction.

        e_ij = g v^T / ||v|| tanh(W q_i + U h_j + b),    g = 1 / sqrt(units) at the start

    Salimans and Kingma, "Weight normalization", 2016; in attention with a bias as in Raffel et
    al., 2017, and as `normalize=True` of TensorFlow Addons' Bahdanau attention.

    Args:
        units: Width of the scoring space, the size of v.
        use_bias: Whether there is a b.

    Example:

    >>> import numpy as np
    >>> attention = NormalisedAdditiveAttention(units=8)
    >>> memory = attention.memory(np.ones((2, 5, 6)))
    >>> attention(np.ones((2, 4)), memory)[0].shape
    TensorShape([2, 6])
    """

    def __init__(self, units: int, use_bias: bool = True, **kwargs: Any):
        super().__init__(units, use_bias=use_bias, **kwargs)

    def build(self, query_shape=None, memory_shape=None):
        super().build(query_shape, memory_shape)
        start = keras.initializers.Constant(self.units**-0.5)
        self.scale = self.add_weight(name="scale", shape=(), initializer=start)

    def direction(self) -> Any:
        # In the type of the variables: a sum of many squares is not for half precision.
        vector = ops.convert_to_tensor(self.scoring_vector)
        unit = vector * ops.rsqrt(ops.maximum(ops.sum(ops.square(vector)), 1e-30))
        return ops.cast(self.scale * unit, self.compute_dtype)
