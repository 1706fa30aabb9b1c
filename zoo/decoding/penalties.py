"""What a hypothesis' log-probability is corrected by: its length, and what it left unread."""

import tensorflow as tf

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
