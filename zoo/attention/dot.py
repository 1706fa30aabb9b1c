"""Dot-product attention, plain and scaled."""

from typing import Any

import keras
from keras import ops

from zoo.attention.catalog import attentions
from zoo.attention.content import ContentAttention
from zoo.attention.memory import Memory
from zoo.errors import InputError


@attentions.register("dot")
@keras.saving.register_keras_serializable(package="zoo")
class DotAttention(ContentAttention):
    """The score is the dot product of query and value; nothing is learned.

        e_ij = q_i^T h_j

    Luong, Pham and Manning, "Effective approaches to attention-based neural machine translation",
    2015. Query and values must be of one width; `general` is for those that are not.

    Example:

    >>> import numpy as np
    >>> attention = DotAttention()
    >>> memory = attention.memory(np.ones((2, 5, 6)))
    >>> attention(np.ones((2, 6)), memory)[0].shape
    TensorShape([2, 6])
    """

    def scores(self, queries: Any, keys: Any) -> Any:
        return ops.einsum("bmd,bnd->bmn", queries, keys)

    def check_query(self, query: Any, memory: Memory) -> None:
        super().check_query(query, memory)
        query_dim, keys_dim = query.shape[-1], memory.keys.shape[-1]
        if None not in (query_dim, keys_dim) and query_dim != keys_dim:
            raise InputError(
                f"{self.name}: dot attention needs a query as wide as the values, not {query_dim} "
                f"and {keys_dim}; 'general' takes any two widths"
            )


@attentions.register("scaled_dot")
@keras.saving.register_keras_serializable(package="zoo")
class ScaledDotAttention(DotAttention):
    """The dot product, divided by the root of its width so that its spread is that of one term.

        e_ij = q_i^T h_j / sqrt(dim)

    Vaswani et al., "Attention is all you need", 2017. Query and values must be of one width.

    Example:

    >>> import numpy as np
    >>> attention = ScaledDotAttention()
    >>> memory = attention.memory(np.ones((2, 5, 6)))
    >>> attention(np.ones((2, 6)), memory)[0].shape
    TensorShape([2, 6])
    """

    def scores(self, queries: Any, keys: Any) -> Any:
        # The query is scaled, not the score: half precision then has no large product to hold.
        scale = ops.cast(keys.shape[-1] ** -0.5, queries.dtype)
        return super().scores(queries * scale, keys)
