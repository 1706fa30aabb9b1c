"""The loss of one class for every step of a padded row."""

from collections.abc import Callable

import tensorflow as tf

from zoo.class_ids import class_ids, count_real


def step_cross_entropy(label_smoothing: float = 0.0, pad_class: int = -1) -> Callable:
    """Returns a loss: cross entropy in nats, averaged over real steps and not over padding.

    With smoothing s, the target distribution is (1 - s) on the true class and s spread evenly
    (Szegedy et al. 2016). `token_cross_entropy` is the same for tokens, whose padding is id 0.

    Args:
        label_smoothing: From 0 to 1. Defaults to 0.
        pad_class: What stands past a row's end; no class of its own. Defaults to -1.

    Returns:
        A function (int [B, N] or one-hot [B, N, K], logits [B, N, K]) -> scalar float32; zero
        where all is padding. A one-hot row of zeros is padding. Labels of
        whole rows, [B] or one-hot [B, K], and logits [B, K] do as well.

    Raises:
        InputError: From the function, for labels of another shape or that are not one-hot.
    """

    def loss(y_true, y_pred):
        logits = tf.cast(y_pred, tf.float32)
        labels = class_ids("step_cross_entropy", y_true, logits, pad_class)
        real = labels != pad_class
        labels = tf.where(real, labels, 0)
        nats = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        if label_smoothing:
            uniform = tf.reduce_logsumexp(logits, -1) - tf.reduce_mean(logits, -1)
            nats = (1 - label_smoothing) * nats + label_smoothing * uniform
        count = tf.reduce_sum(tf.cast(real, tf.float32))
        return tf.math.divide_no_nan(tf.reduce_sum(tf.where(real, nats, 0.0)), count)

    # What the mean is over, for whoever adds up the losses of parts of a batch.
    loss.weight = lambda y_true: count_real(y_true, pad_class)
    return loss
