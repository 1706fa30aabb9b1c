"""Losses over frames of which several things may be true at once, such as notes that sound."""

import keras
import tensorflow as tf


def _frame_nats(y_true, y_pred):
    """Nats of each real frame [B, N] (zero elsewhere), and which frames are real, float [B, N]."""
    logits = tf.cast(y_pred, tf.float32)
    labels = tf.cast(y_true, tf.float32)
    real = ~tf.math.is_nan(labels[..., 0])
    labels = tf.where(real[..., None], labels, 0.0)
    nats = tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)
    nats = tf.where(real, tf.reduce_sum(nats, -1), 0.0)
    return nats, tf.cast(real, tf.float32)


def frame_cross_entropy(y_true, y_pred):
    """Returns the nats of a frame, averaged over real frames: a loss.

    The K outputs of a frame are guessed independently of each other, given the frames before, so
    that a frame's nats are the sum of theirs.

    Args:
        y_true: float [B, N, K], 0 or 1; nan in a frame that is padding.
        y_pred: Logits [B, N, K].

    Returns:
        A scalar, float32; zero where all is padding.
    """
    nats, real = _frame_nats(y_true, y_pred)
    return tf.math.divide_no_nan(tf.reduce_sum(nats), tf.reduce_sum(real))


# What the mean is over: replicas with different numbers of real frames weigh as many.
frame_cross_entropy.weight = lambda y_true: tf.reduce_sum(
    tf.cast(~tf.math.is_nan(y_true[..., 0]), tf.float32)
)


@keras.saving.register_keras_serializable(package="zoo")
class FrameNats(keras.metrics.Metric):
    """Nats a real frame, exact over batches of different sizes; see `frame_cross_entropy`."""

    def __init__(self, name: str = "nats", **kwargs):
        super().__init__(name=name, **kwargs)
        self.nats = self.add_variable((), "zeros", name="nats_sum")
        self.count = self.add_variable((), "zeros", name="frames")

    def update_state(self, y_true, y_pred, sample_weight=None):
        nats, real = _frame_nats(y_true, y_pred)
        self.nats.assign_add(tf.reduce_sum(nats))
        self.count.assign_add(tf.reduce_sum(real))

    def result(self):
        return tf.math.divide_no_nan(self.nats.value, self.count.value)
