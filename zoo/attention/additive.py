"""Additive attention."""

from typing import Any

import keras
from keras import ops

from zoo.attention.base import values_shape
from zoo.attention.catalog import attentions, check_positive_int
from zoo.attention.content import ContentAttention


@attentions.register("additive")
@keras.saving.register_keras_serializable(package="zoo")
class AdditiveAttention(ContentAttention):
    """A layer of tanh units compares the query with each position.

        e_ij = v^T tanh(W q_i + U h_j + b)

    Bahdanau, Cho and Bengio, "Neural machine translation by jointly learning to align and
    translate", 2014. There q_i is the decoder's state before the step, and there is no b.

    Args:
        units: Width of the scoring space, the size of v.
        use_bias: Whether there is a b.

    Example:

    >>> import numpy as np
    >>> attention = AdditiveAttention(units=8)
    >>> memory = attention.memory(np.ones((2, 5, 6)), np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]))
    >>> context, weights, state = attention(np.ones((2, 4)), memory)
    >>> context.shape, weights.shape, state
    (TensorShape([2, 6]), TensorShape([2, 5]), ())
    """

    def __init__(self, units: int, use_bias: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = check_positive_int("units", units)
        self.use_bias = use_bias
        self.query_layer = self._projection("query", use_bias)
        self.key_layer = self._projection("key", False)

    def build(self, query_shape=None, memory_shape=None):
        self.scoring_vector = self.add_weight(
            name="scoring_vector", shape=(self.units,), initializer="glorot_uniform"
        )
        if query_shape is not None and not self.query_layer.built:
            self.query_layer.build(query_shape)
        if memory_shape is not None and not self.key_layer.built:
            self.key_layer.build(values_shape(memory_shape))

    def project(self, values: Any) -> Any:
        return self.key_layer(values)

    def scores(self, queries: Any, keys: Any) -> Any:
        return additive_scores(self.query_layer(queries), keys, self.direction())

    def direction(self) -> Any:
        """Returns v, `[units]`, in the compute type."""
        return ops.cast(self.scoring_vector, self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "use_bias": self.use_bias}

    def _projection(self, name, use_bias):
        return keras.layers.Dense(
            self.units, use_bias=use_bias, dtype=self.dtype_policy, name=f"{name}_projection"
        )


def additive_scores(queries: Any, keys: Any, vector: Any) -> Any:
    """Returns v^T tanh(q_i + k_j) for every pair.

    Args:
        queries: `[batch, steps, units]`, projected.
        keys: `[batch, positions, units]`, projected.
        vector: `[units]`.

    Returns:
        `[batch, steps, positions]`.
    """
    hidden = ops.tanh(queries[:, :, None] + keys[:, None])  # [batch, steps, positions, units]
    # One flat product: a batched one is a fifth slower, forward and back, on a CPU.
    scores = ops.matmul(ops.reshape(hidden, (-1, vector.shape[0])), vector[:, None])
    return ops.reshape(scores, ops.shape(hidden)[:3])
