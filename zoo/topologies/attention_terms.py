"""What training adds to a decoder's loss for the kinds of attention that need more than it."""

from typing import Any

import keras
import tensorflow as tf

from zoo.attention import (
    CoverageAttention,
    HardAttention,
    coverage_loss,
    moving_baseline,
    reinforce_loss,
)
from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo")
class CoverageTerm(keras.layers.Layer):
    """weight * `coverage_loss`: what a decoder looks at twice (See et al. 2017, equation 13).

    Args:
        weight: lambda, 1 in the paper.

    Call arguments:
        outputs: What the decoder handed out; its `alignment` [B, M, N] is read.
        labels: int [B, M].
        real: bool [B, M], which steps are real.

    Returns:
        A scalar.
    """

    log_name = "coverage"

    def __init__(self, weight: float = 1.0, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        self.weight = _not_negative("coverage_weight", weight)
        self.built = True

    def call(self, outputs, labels, real):
        return self.weight * coverage_loss(tf.cast(outputs["alignment"], tf.float32), real)

    def get_config(self):
        return {**super().get_config(), "weight": self.weight}


@keras.saving.register_keras_serializable(package="zoo")
class ReinforceTerm(keras.layers.Layer):
    """The gradient of hard attention's choices, by `reinforce_loss` with a moving baseline.

    The reward of a row is its log-likelihood, sum_i log P(y_i), and the baseline of a row of n
    tokens is n times the moving mean of the log-likelihood of a token. Both are over the number of
    real tokens of the batch, as the cross entropy beside is: the sum of the two has the gradient of
    the expected cross entropy. (With label smoothing the reward is still the log-likelihood.)

    Args:
        entropy_weight: How much a nat of the choices' entropy is worth, to keep them open.
        decay: Share of the baseline that stays at each step.

    Call arguments:
        outputs: What the decoder handed out: `logits` [B, M, V], `choice_log_probability` and
            `choice_entropy` [B, M].
        labels: int [B, M].
        real: bool [B, M], which steps are real, on the left.

    Returns:
        A scalar. The baseline, a weight of the layer, moves on at each call.
    """

    log_name = "reinforce"

    def __init__(self, entropy_weight: float = 0.0, decay: float = 0.9, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        self.entropy_weight = _not_negative("entropy_weight", entropy_weight)
        self.decay = decay
        self.baseline = self.add_weight(
            name="baseline", shape=(), initializer="zeros", dtype="float32", trainable=False
        )
        self.built = True

    def call(self, outputs, labels, real):
        steps = tf.cast(real, tf.float32)
        counts = tf.reduce_sum(steps, 1)  # [B]
        nats = tf.nn.sparse_softmax_cross_entropy_with_logits(
            tf.cast(labels, tf.int32), tf.cast(outputs["logits"], tf.float32)
        )
        reward = -tf.stop_gradient(tf.reduce_sum(nats * steps, 1))
        # `reinforce_loss` takes the mean over rows; the cross entropy that over tokens.
        tokens = tf.reduce_sum(steps)
        scale = tf.math.divide_no_nan(tf.cast(tf.shape(labels)[0], tf.float32), tokens)
        baseline = tf.convert_to_tensor(self.baseline.value)
        # The running sums at each row's last step: what is chosen on padding does not count.
        last = tf.one_hot(tf.cast(counts, tf.int32) - 1, tf.shape(labels)[1])
        loss = reinforce_loss(
            tf.reduce_sum(outputs["choice_log_probability"] * last, 1),
            reward * scale,
            baseline * counts * scale,
            tf.reduce_sum(outputs["choice_entropy"] * last, 1) * scale,
            self.entropy_weight,
        )
        per_token = tf.math.divide_no_nan(tf.reduce_sum(reward), tokens)
        self.baseline.assign(moving_baseline(baseline, per_token[None], self.decay))
        return loss

    def get_config(self):
        settings = {"entropy_weight": self.entropy_weight, "decay": self.decay}
        return {**super().get_config(), **settings}


def attention_terms(attention: Any, coverage_weight: float, entropy_weight: float) -> list:
    """Returns the terms that a kind of attention is trained with; none for most.

    Args:
        attention: An `Attention`, or None.
        coverage_weight: See `CoverageTerm`.
        entropy_weight: See `ReinforceTerm`.
    """
    coverage = CoverageTerm(coverage_weight, name="coverage")
    reinforce = ReinforceTerm(entropy_weight, name="reinforce")
    if isinstance(attention, CoverageAttention):
        return [coverage]
    return [reinforce] if isinstance(attention, HardAttention) else []


def _not_negative(name, value):
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise InputError(f"{name} is {value!r}; expected a number from 0 on")
    return float(value)
