"""Hard attention."""

from typing import Any, NamedTuple

import keras
from keras import ops

from zoo.attention.catalog import attentions
from zoo.attention.masking import masked_log_softmax
from zoo.attention.memory import Memory
from zoo.attention.scored import ScoredAttention


class HardState(NamedTuple):
    """What `reinforce_loss` needs to know of the choices made so far.

    Attributes:
        log_probability: `[batch]`, sum over steps of the log-probability of the position chosen.
        entropy: `[batch]`, sum over steps of the entropy of the choice, in nats.
    """

    log_probability: Any
    entropy: Any


@attentions.register("hard")
@keras.saving.register_keras_serializable(package="zoo")
class HardAttention(ScoredAttention):
    """The context is the value at one position: a sampled one in training, then the likeliest.

        pi_ij = softmax over real j of score(q_i, h_j)
        training: s_i ~ pi_i        inference: s_i = argmax_j pi_ij        c_i = h_{s_i}

    Xu et al., "Show, attend and tell: neural image caption generation with visual attention",
    2015. A choice has no gradient. That of the scores is estimated from the state, which carries
    the log-probability and the entropy of the choices, by `reinforce_loss`; the values have their
    ordinary gradient through the context. Steps are taken one at a time; let a row that has ended
    keep its state, or its later choices add noise to the estimate.

    The weights are one-hot, and all zero where no position is real.

    Args:
        units: Width of the scoring space; None where `score` has none.
        score: Name of the content attention whose scores are used.
        seed: Seed of the samples; None: a random one.

    Example:

    >>> import numpy as np
    >>> attention = HardAttention(units=8)
    >>> memory = attention.memory(np.ones((2, 5, 6)))
    >>> _, weights, state = attention(np.ones((2, 4)), memory, training=True)
    >>> weights.numpy().sum(axis=1), state.log_probability.shape
    (array([1., 1.], dtype=float32), TensorShape([2]))
    """

    accepts_sequences = False

    def __init__(
        self,
        units: int | None = None,
        score: str = "additive",
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(units, score, **kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def get_initial_state(
        self, batch_size: Any, memory_length: Any, dtype: str | None = None
    ) -> HardState:
        """Returns `HardState`: zeros."""
        zeros = ops.zeros((batch_size,), dtype=dtype or "float32")
        return HardState(zeros, zeros)

    def weigh(self, queries: Any, memory: Memory, state: HardState, training: bool | None) -> tuple:
        log_probability, entropy = state
        mask = memory.mask[:, None]
        logs = masked_log_softmax(self.scores(queries, memory.keys), mask)
        chosen = self._choose(logs, mask, training)
        entropy_now = -ops.sum(ops.exp(logs) * logs, axis=(1, 2))  # padding has a log of zero
        log_probability += ops.cast(ops.sum(chosen * logs, axis=(1, 2)), log_probability.dtype)
        return chosen, HardState(log_probability, entropy + ops.cast(entropy_now, entropy.dtype))

    def _choose(self, logs, mask, training):
        """Returns one-hot choices; the largest of log p + Gumbel noise is a sample of p."""
        if training:
            uniform = keras.random.uniform(
                ops.shape(logs), minval=1e-20, dtype=logs.dtype, seed=self.seed_generator
            )
            logs -= ops.log(-ops.log(uniform))
        logs = ops.where(mask, logs, ops.cast(float("-inf"), logs.dtype))
        # An argmax would refuse a memory of no positions.
        best = logs == ops.max(logs, axis=-1, keepdims=True, initial=float("-inf"))
        best = ops.cast(ops.logical_and(best, mask), logs.dtype)
        return best * ops.cast(ops.cumsum(best, axis=-1) == 1, logs.dtype)  # the first of equals

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}
