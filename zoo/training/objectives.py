"""Losses over padded sequences."""

from collections.abc import Callable

import keras
import tensorflow as tf

from zoo.class_ids import class_ids, count_real


def token_cross_entropy(label_smoothing: float = 0.0, pad_id: int = 0) -> Callable:
    """Returns a loss: cross entropy in nats, averaged over real tokens and not over padding.

    With smoothing s, the target distribution is (1 - s) on the true token and s spread evenly
    over the vocabulary (Szegedy et al. 2016).

    Args:
        label_smoothing: From 0 to 1. Defaults to 0.
        pad_id: The target id that does not count. Defaults to 0.

    Returns:
        A function (int [B, M] or one-hot [B, M, V], logits [B, M, V]) -> scalar float32; zero
        where all is padding. A one-hot row of zeros is padding too.

    Raises:
        InputError: From the function, for labels of another shape or that are not one-hot.
    """

    def loss(y_true, y_pred):
        logits = tf.cast(y_pred, tf.float32)
        labels = class_ids("token_cross_entropy", y_true, logits, pad_id)
        real = tf.cast(labels != pad_id, tf.float32)
        nats = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        if label_smoothing:
            uniform = tf.reduce_logsumexp(logits, -1) - tf.reduce_mean(logits, -1)
            nats = (1 - label_smoothing) * nats + label_smoothing * uniform
        return tf.math.divide_no_nan(tf.reduce_sum(nats * real), tf.reduce_sum(real))

    # What the mean is over: replicas with different numbers of real tokens weigh as many.
    loss.weight = lambda y_true: count_real(y_true, pad_id)
    return loss


@keras.saving.register_keras_serializable(package="zoo")
class TokenNats(keras.metrics.Metric):
    """Cross entropy in nats a real token, exact over batches of different sizes.

    The truth is ids or one-hot, as for `token_cross_entropy`.

    Args:
        pad_id: The target id that does not count. Defaults to 0.
    """

    def __init__(self, pad_id: int = 0, name: str = "nats", **kwargs):
        super().__init__(name=name, **kwargs)
        self.pad_id = pad_id
        self.nats = self.add_variable((), "zeros", name="nats_sum")
        self.count = self.add_variable((), "zeros", name="tokens")

    def update_state(self, y_true, y_pred, sample_weight=None):
        logits = tf.cast(y_pred, tf.float32)
        labels = class_ids("TokenNats", y_true, logits, self.pad_id)
        real = tf.cast(labels != self.pad_id, tf.float32)
        nats = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        self.nats.assign_add(tf.reduce_sum(nats * real))
        self.count.assign_add(tf.reduce_sum(real))

    def result(self):
        return tf.math.divide_no_nan(self.nats.value, self.count.value)

    def get_config(self):
        return {**super().get_config(), "pad_id": self.pad_id}
