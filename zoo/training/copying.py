"""The loss of a model that copies."""

from collections.abc import Callable

import tensorflow as tf

from zoo.class_ids import class_ids, count_real

# The logarithm of a share that counts as none: a label that cannot come costs much, not infinity.
_LEAST = -70.0


def extended_cross_entropy(
    vocabulary_size: int, label_smoothing: float = 0.0, pad_id: int = 0
) -> Callable:
    """Returns a loss over extended ids: cross entropy in nats, averaged over real tokens.

    With smoothing s, the target distribution is (1 - s) on the true token and s spread evenly
    over the vocabulary, not over the words of the source.

    Args:
        vocabulary_size: V, number of target tokens; ids from V on are words of the source.
        label_smoothing: From 0 to 1. Defaults to 0.
        pad_id: The target id that does not count. Defaults to 0.

    Returns:
        A function (int [B, M] or one-hot [B, M, V + N], log-probabilities [B, M, V + N]) -> scalar
        float32; zero where all is padding. The log-probabilities are what `attention_n_to_m` calls
        its logits when it copies; -inf among them is fine.
    """

    def loss(y_true, y_pred):
        logs = tf.cast(y_pred, tf.float32)
        labels = class_ids("extended_cross_entropy", y_true, logs, pad_id)
        real = tf.cast(labels != pad_id, tf.float32)
        nats = -tf.maximum(tf.gather(logs, labels, batch_dims=2), _LEAST)
        if label_smoothing:
            uniform = -tf.reduce_mean(logs[..., :vocabulary_size], -1)
            nats = (1 - label_smoothing) * nats + label_smoothing * uniform
        return tf.math.divide_no_nan(tf.reduce_sum(nats * real), tf.reduce_sum(real))

    # What the mean is over: replicas with different numbers of real tokens weigh as many.
    loss.weight = lambda y_true: count_real(y_true, pad_id)
    return loss
