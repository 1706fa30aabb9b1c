"""Monotonic attention."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf
from keras import ops

from zoo.attention.catalog import attentions
from zoo.attention.masking import at_least_single
from zoo.attention.memory import Memory
from zoo.attention.scored import ScoredAttention
from zoo.errors import InputError

# Log-probabilities below this count as this: what it stands for is far below a float32's precision.
_LEAST_LOG = -60.0


class MonotonicState(NamedTuple):
    """Where the last step looked.

    Attributes:
        alignment: `[batch, positions]`, the weights of the last step; before the first one, all
            weight is on position 0.
    """

    alignment: Any


@attentions.register("monotonic")
@keras.saving.register_keras_serializable(package="zoo")
class MonotonicAttention(ScoredAttention):
    """Each step goes on from where the last one stopped, and never back.

        p_ij = sigmoid(score(q_i, h_j) + r + noise)
        training:   a_ij = p_ij sum_{k <= j} a_{i-1,k} prod_{k <= l < j} (1 - p_il)
        inference:  a_i is one-hot at the first j, from the last step's on, with p_ij > 0.5

    Raffel et al., "Online and linear-time attention by enforcing monotonic alignments", 2017. The
    training form is the expectation of the inference form. It is worked out in parallel over
    positions, as there, though in logarithms: so nothing is clipped and long memories stay exact.

    The weights of a step sum to at most one: what is missing is the chance of having run off the
    end. At inference, a step that finds no position has weights and a context of zero, and so have
    all steps after it.

    Args:
        units: Width of the scoring space; None where `score` has none.
        score: Name of the content attention whose scores are used.
        noise: Standard deviation of the Gaussian noise on scores in training, which drives p to 0
            or 1 so that inference does what training did; 0 for none.
        offset: r at the start; learned. The lower, the further a new model looks ahead.
        seed: Seed of the noise; None: a random one.

    Example:

    >>> import numpy as np
    >>> attention = MonotonicAttention(units=8)
    >>> memory = attention.memory(np.ones((2, 5, 6)))
    >>> _, weights, state = attention(np.ones((2, 4)), memory, training=True)
    >>> bool((weights == state.alignment).numpy().all())
    True
    """

    accepts_sequences = False

    def __init__(
        self,
        units: int | None = None,
        score: str = "normalised_additive",
        noise: float = 1.0,
        offset: float = -1.0,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(units, score, **kwargs)
        if not noise >= 0:
            raise InputError(f"noise must be 0 or more, not {noise!r}")
        self.noise = noise
        self.offset = offset
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, query_shape=None, memory_shape=None):
        super().build(query_shape, memory_shape)
        start = keras.initializers.Constant(self.offset)
        self.score_offset = self.add_weight(name="score_offset", shape=(), initializer=start)

    def get_initial_state(
        self, batch_size: Any, memory_length: Any, dtype: str | None = None
    ) -> MonotonicState:
        """Returns `MonotonicState`: all weight on position 0."""
        at_start = ops.cast(ops.arange(memory_length) == 0, dtype or "float32")
        return MonotonicState(ops.tile(at_start[None], (batch_size, 1)))

    def weigh(
        self, queries: Any, memory: Memory, state: MonotonicState, training: bool | None
    ) -> tuple:
        (previous,) = state
        scores = at_least_single(self.scores(queries, memory.keys))[:, 0]
        scores += ops.cast(self.score_offset, scores.dtype)
        alignment = ops.cast(previous, scores.dtype)
        if training:
            alignment = expected_alignment(self._with_noise(scores), memory.mask, alignment)
        else:
            alignment = hard_alignment(scores, memory.mask, alignment)
        return alignment[:, None], MonotonicState(ops.cast(alignment, previous.dtype))

    def get_config(self):
        config = {"noise": self.noise, "offset": self.offset, "seed": self.seed}
        return {**super().get_config(), **config}

    def _with_noise(self, scores):
        if not self.noise:
            return scores
        return scores + keras.random.normal(
            ops.shape(scores), stddev=self.noise, dtype=scores.dtype, seed=self.seed_generator
        )


def expected_alignment(scores: Any, mask: Any, previous: Any) -> Any:
    """Returns the chance of stopping at each position, given the chances of the last step.

    Args:
        scores: `[batch, positions]`, the logits of stopping.
        mask: `[batch, positions]`, bool; one never stops at padding.
        previous: `[batch, positions]`, the last step's chances.

    Returns:
        `[batch, positions]`, of sum at most one; zero on padding.
    """
    stop = ops.where(mask, ops.sigmoid(scores), 0.0)
    go_on = ops.where(mask, ops.maximum(ops.log_sigmoid(-scores), _LEAST_LOG), 0.0)
    passed = ops.cumsum(go_on, axis=1) - go_on  # log of the chance to pass all before j
    starts = ops.log(ops.maximum(previous, ops.exp(_LEAST_LOG)))
    arrived = tf.math.cumulative_logsumexp(starts - passed, axis=1) + passed
    return stop * ops.exp(arrived)


def hard_alignment(scores: Any, mask: Any, previous: Any) -> Any:
    """Returns one-hot weights: the first position from the last step's on whose score is above 0.

    Args:
        scores: `[batch, positions]`, the logits of stopping.
        mask: `[batch, positions]`, bool; one never stops at padding.
        previous: `[batch, positions]`, the last step's weights, one-hot or zero.

    Returns:
        `[batch, positions]`, one-hot, or zero where there is no such position.
    """
    reached = ops.cumsum(previous, axis=1) > 0
    stops = ops.cast(ops.logical_and(ops.logical_and(scores > 0, mask), reached), scores.dtype)
    return stops * ops.cast(ops.cumsum(stops, axis=1) == 1, scores.dtype)
