"""What a hypothesis' log-probability is corrected by: its length, and what it left unread."""

import tensorflow as tf

from zoo.decoding.limits import Limit

# A position that no step has attended to would have a logarithm of -inf.
_LEAST_ATTENTION = 1e-9


def length_divisor(length: tf.Tensor, length_penalty: float | tf.Tensor) -> tf.Tensor:
    """The length penalty of Wu et al. 2016 (equation 14), by which a log-probability is divided.

    lp(Y) = ((5 + |Y|) / 6) ** alpha

    Args:
        length: int32, any shape: the tokens that the log-probability is a sum over, the stop
            token among them where it was reached.
        length_penalty: alpha. 0 leaves log-probabilities as they are; larger values favour
            longer sequences. Broadcasts against `length`.

    Returns:
        float32, the shape that the arguments broadcast to.

    Example:

    >>> float(length_divisor(tf.constant(7), 1.0))
    2.0
    """
    return tf.pow((5.0 + tf.cast(length, tf.float32)) / 6.0, length_penalty)


def coverage_score(
    coverage: tf.Tensor, coverage_penalty: float | tf.Tensor, mask: tf.Tensor | None = None
) -> tf.Tensor:
    """The coverage penalty of Wu et al. 2016 (equation 14), which is added to a score.

    cp(X; Y) = beta * sum_i log(min(sum_j p_ij, 1)), p_ij the attention of target word j to
    source word i.

    Args:
        coverage: float32 [..., N], each source position's attention summed over the steps.
        coverage_penalty: beta, 0 or more.
        mask: bool, broadcasts to [..., N], the real source positions; the others count for
            nothing.

    Returns:
        float32 [...], 0 where every position has been attended to in full, otherwise negative.
    """
    left_unread = tf.math.log(tf.clip_by_value(coverage, _LEAST_ATTENTION, 1.0))
    if mask is not None:
        left_unread = tf.where(mask, left_unread, 0.0)
    return coverage_penalty * tf.reduce_sum(left_unread, axis=-1)


class LengthPenalty:
    """The length penalty along a search.

    Args:
        limit: The maximum lengths. Where it is static, everything is worked out before the loop.
        length_penalty: alpha, a float or a float32 tensor, scalar or one a row.
    """

    def __init__(self, limit: Limit, length_penalty: float | tf.Tensor):
        self._exponent = tf.reshape(tf.convert_to_tensor(length_penalty, tf.float32), [-1, 1])
        self._longest = length_divisor(limit.rows[:, None], self._exponent)
        self._table = None
        if limit.static:
            lengths = tf.range(1, limit.steps + 2)[None]
            self._table = length_divisor(lengths, self._exponent)
            self._best_table = tf.maximum(self._table, self._longest)

    def divisor(self, index: tf.Tensor) -> tf.Tensor:
        """Returns what divides the log-probability of `index + 1` tokens, [1 or B, 1]."""
        if self._table is not None:
            return self._table[:, index, None]
        return length_divisor(index + 1, self._exponent)

    def best_divisor(self, index: tf.Tensor) -> tf.Tensor:
        """Returns the most favourable divisor of all lengths above `index + 1`, [B, 1].

        Log-probabilities are not positive and the divisor is monotone in the length, so it is
        that of one end: of the longest, or of the shortest where the penalty is negative.
        """
        if self._table is not None:
            return self._best_table[:, index + 1, None]
        return tf.maximum(length_divisor(index + 2, self._exponent), self._longest)
