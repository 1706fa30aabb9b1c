"""Luong's general score."""

from typing import Any

import keras
from keras import ops

from zoo.attention.base import values_shape
from zoo.attention.catalog import attentions
from zoo.attention.content import ContentAttention


@attentions.register("general")
@keras.saving.register_keras_serializable(package="zoo")
class GeneralAttention(ContentAttention):
    """A learned bilinear form compares the query with each position.

        e_ij = q_i^T W h_j

    Luong, Pham and Manning, "Effective approaches to attention-based neural machine translation",
    2015. Query and values may differ in width. The query is what W multiplies, so that the keys are
    the values themselves and nothing is stored twice.

    Example:

    >>> import numpy as np
    >>> attention = GeneralAttention()
    >>> memory = attention.memory(np.ones((2, 5, 6)))
    >>> attention(np.ones((2, 4)), memory)[0].shape
    TensorShape([2, 6])
    """

    def build(self, query_shape=None, memory_shape=None):
        # The width of the values is the size of the projection's output, known only here.
        self.query_layer = keras.layers.Dense(
            values_shape(memory_shape)[-1],
            use_bias=False,
            dtype=self.dtype_policy,
            name="query_projection",
        )
        if query_shape is not None:
            self.query_layer.build(query_shape)

    def scores(self, queries: Any, keys: Any) -> Any:
        return ops.einsum("bmd,bnd->bmn", self.query_layer(queries), keys)
