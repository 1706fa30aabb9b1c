"""Luong's local attention: a window of the memory around a position."""

from typing import Any, NamedTuple

import keras
from keras import ops

from zoo.attention.catalog import attentions, check_positive_int
from zoo.attention.masking import at_least_single, masked_softmax
from zoo.attention.memory import Memory
from zoo.attention.scored import ScoredAttention


class LocalState(NamedTuple):
    """Where `local_monotonic` stands.

    Attributes:
        step: `[batch]`, int32, how many steps have been taken.
    """

    step: Any


class LocalAttention(ScoredAttention):
    """What the two local kinds share: softmax over a window around a centre p_i.

        a_ij = softmax over the real j with |j - p_i| <= D of score(q_i, h_j)
        with a Gaussian:  a_ij exp(-(j - p_i)^2 / (2 sigma^2)),  sigma = D / 2

    Luong, Pham and Manning, "Effective approaches to attention-based neural machine translation",
    2015. Positions count from 0. Under a Gaussian the weights of a step sum to less than one.
    """

    def __init__(self, units: int | None, window: int, score: str, **kwargs: Any):
        super().__init__(units, score, **kwargs)
        self.window = check_positive_int("window", window)

    def window_weights(self, queries: Any, memory: Memory, centre: Any, gaussian: bool) -> Any:
        """Returns the weights `[batch, steps, positions]` around `centre`, `[batch, steps]`."""
        scores = at_least_single(self.scores(queries, memory.keys))
        positions = ops.cast(ops.arange(ops.shape(memory.mask)[1]), scores.dtype)
        distance = positions - ops.expand_dims(ops.cast(centre, scores.dtype), -1)
        inside = ops.abs(distance) <= self.window
        weights = masked_softmax(scores, ops.logical_and(memory.mask[:, None], inside))
        if gaussian:
            weights *= ops.exp(-2.0 * ops.square(distance / self.window))  # sigma is window / 2
        return weights

    def get_config(self):
        return {**super().get_config(), "window": self.window}


@attentions.register("local_monotonic")
@keras.saving.register_keras_serializable(package="zoo")
class LocalMonotonicAttention(LocalAttention):
    """Step i looks at a window around position i: local-m.

        p_i = min(i, length - 1)

    The state counts the steps. Past the end of the memory the window stays at its last position,
    where the paper, which does not go there, would have an empty one.

    Args:
        units: Width of the scoring space; None where `score` has none.
        window: D, positions on each side of the centre; the paper uses 10.
        score: Name of the content attention whose scores are used.
        gaussian: Whether a Gaussian favours the centre; the paper has it in local-p only. With it,
            the weights of a step sum to less than one.

    Example:

    >>> import numpy as np
    >>> attention = LocalMonotonicAttention(window=1)
    >>> memory = attention.memory(np.ones((1, 4, 6)))
    >>> _, weights, state = attention(np.ones((1, 5)), memory)
    >>> weights.numpy(), state.step.numpy()
    (array([[0.5, 0.5, 0. , 0. ]], dtype=float32), array([1], dtype=int32))
    """

    def __init__(
        self,
        units: int | None = None,
        window: int = 10,
        score: str = "general",
        gaussian: bool = False,
        **kwargs: Any,
    ):
        super().__init__(units, window, score, **kwargs)
        self.gaussian = gaussian

    def get_initial_state(
        self, batch_size: Any, memory_length: Any, dtype: str | None = None
    ) -> LocalState:
        """Returns `LocalState`: step 0. Whatever `dtype` is, a step is an int32."""
        return LocalState(ops.zeros((batch_size,), dtype="int32"))

    def weigh(
        self, queries: Any, memory: Memory, state: LocalState, training: bool | None
    ) -> tuple:
        (step,) = state
        last = ops.sum(ops.cast(memory.mask, "int32"), axis=1) - 1  # [batch]
        steps = ops.shape(queries)[1]
        centre = ops.minimum(step[:, None] + ops.arange(steps, dtype="int32"), last[:, None])
        weights = self.window_weights(queries, memory, centre, self.gaussian)
        return weights, LocalState(step + steps)

    def get_config(self):
        return {**super().get_config(), "gaussian": self.gaussian}


@attentions.register("local_predictive")
@keras.saving.register_keras_serializable(package="zoo")
class LocalPredictiveAttention(LocalAttention):
    """The query says where to look, and a Gaussian there lets the gradient move it: local-p.

        p_i = length sigmoid(v^T tanh(W q_i))

    Length is the number of real positions. The weights of a step sum to less than one.

    Args:
        units: Rows of W, and width of the scoring space where `score` has one.
        window: D, positions on each side of the centre; the paper uses 10.
        score: Name of the content attention whose scores are used.

    Example:

    >>> import numpy as np
    >>> attention = LocalPredictiveAttention(units=8, window=2)
    >>> memory = attention.memory(np.ones((2, 9, 6)))
    >>> attention(np.ones((2, 4)), memory)[0].shape
    TensorShape([2, 6])
    """

    def __init__(self, units: int, window: int = 10, score: str = "general", **kwargs: Any):
        super().__init__(units, window, score, **kwargs)
        check_positive_int("units", units)
        settings = {"use_bias": False, "dtype": self.dtype_policy}
        self.hidden_layer = keras.layers.Dense(
            units, activation="tanh", name="position_hidden", **settings
        )
        self.position_layer = keras.layers.Dense(1, name="position", **settings)

    def build(self, query_shape=None, memory_shape=None):
        super().build(query_shape, memory_shape)
        if query_shape is not None:
            self.hidden_layer.build(query_shape)
        self.position_layer.build((None, self.units))

    def weigh(self, queries: Any, memory: Memory, state: tuple, training: bool | None) -> tuple:
        logits = at_least_single(self.position_layer(self.hidden_layer(queries)))
        lengths = ops.sum(ops.cast(memory.mask, logits.dtype), axis=1, keepdims=True)
        centre = lengths * ops.sigmoid(ops.squeeze(logits, -1))  # [batch, steps]
        return self.window_weights(queries, memory, centre, gaussian=True), ()
