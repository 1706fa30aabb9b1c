"""Coverage: attention that knows where it has looked already."""

from typing import Any, NamedTuple

import keras
from keras import ops

from zoo.attention.additive import AdditiveAttention
from zoo.attention.catalog import attentions
from zoo.attention.masking import masked_softmax
from zoo.attention.memory import Memory
from zoo.attention.scored import ScoredAttention


class CoverageState(NamedTuple):
    """How much attention each position has had.

    Attributes:
        coverage: `[batch, positions]`, the sum of the weights of all steps so far.
    """

    coverage: Any


@attentions.register("coverage")
@keras.saving.register_keras_serializable(package="zoo")
class CoverageAttention(ScoredAttention):
    """Additive attention that sees how much each position has been attended to before.

        e_ij = v^T tanh(W q_i + U h_j + w c_ij + b)        c_ij = sum_{i' < i} a_i'j

    See, Liu and Manning, "Get to the point: summarization with pointer-generator networks", 2017.
    `coverage_loss` punishes looking twice. Steps are taken one at a time, since each one needs the
    weights of all before.

    Args:
        units: Width of the scoring space, the size of v.
        score: Name of the additive attention whose scores are used.
        use_bias: Whether there is a b.

    Example:

    >>> import numpy as np
    >>> attention = CoverageAttention(units=8)
    >>> memory = attention.memory(np.ones((1, 4, 6)))
    >>> _, _, state = attention(np.ones((1, 5)), memory)
    >>> state.coverage.numpy()
    array([[0.25, 0.25, 0.25, 0.25]], dtype=float32)
    """

    accepts_sequences = False
    # Coverage is added to the keys, which these hold in the space of the scores.
    scores_from = AdditiveAttention

    def __init__(self, units: int, score: str = "additive", use_bias: bool = True, **kwargs: Any):
        super().__init__(units, score, {"use_bias": use_bias}, **kwargs)
        self.use_bias = use_bias

    def build(self, query_shape=None, memory_shape=None):
        super().build(query_shape, memory_shape)
        self.coverage_vector = self.add_weight(
            name="coverage_vector", shape=(self.units,), initializer="glorot_uniform"
        )

    def get_initial_state(
        self, batch_size: Any, memory_length: Any, dtype: str | None = None
    ) -> CoverageState:
        """Returns `CoverageState`: zeros."""
        return CoverageState(ops.zeros((batch_size, memory_length), dtype=dtype or "float32"))

    def weigh(
        self, queries: Any, memory: Memory, state: CoverageState, training: bool | None
    ) -> tuple:
        (coverage,) = state
        seen = ops.cast(coverage, self.compute_dtype)[:, :, None]
        keys = memory.keys + seen * ops.cast(self.coverage_vector, self.compute_dtype)
        weights = masked_softmax(self.scores(queries, keys), memory.mask[:, None])
        return weights, CoverageState(coverage + ops.cast(weights[:, 0], coverage.dtype))

    def get_config(self):
        return {**super().get_config(), "use_bias": self.use_bias}


def coverage_loss(weights: Any, step_mask: Any = None) -> Any:
    """Returns how much of its attention a decoder gives to places that have had it already.

        loss = mean over real steps i of sum_j min(a_ij, c_ij),    c_ij = sum_{i' < i} a_i'j

    See, Liu and Manning 2017, equation 12. A step's term is at most one.

    Args:
        weights: `[batch, steps, positions]`, the weights of all steps; zero on padded positions.
        step_mask: `[batch, steps]`, true on real steps; None: all are real. Padding is on the
            right.

    Returns:
        A scalar; 0 where no step is real.

    Example:

    >>> import numpy as np
    >>> float(coverage_loss(np.array([[[1.0, 0.0], [0.5, 0.5]]])))
    0.25
    """
    weights = ops.convert_to_tensor(weights)
    coverage = ops.cumsum(weights, axis=1) - weights
    overlap = ops.sum(ops.minimum(weights, coverage), axis=-1)  # [batch, steps]
    if step_mask is None:
        return ops.mean(overlap)
    real = ops.cast(step_mask, overlap.dtype)
    return ops.sum(overlap * real) / ops.maximum(ops.sum(real), 1)
