"""The truth as class ids, whether it comes as ids or one-hot."""

from typing import Any

import tensorflow as tf

from zoo.errors import InputError


def class_ids(owner: str, truth: Any, scores: Any, pad: int = -1) -> tf.Tensor:
    """Returns the classes of a truth that fits the scores.

    Args:
        owner: name of the caller, for the message.
        truth: Ids of the shape of `scores` without the last axis (or with 1 there, as Keras has
            it), or one-hot labels of the shape of `scores`, of any dtype.
        scores: [..., K], one number for each class.
        pad: The id of a one-hot row that is all zeros. Defaults to -1.

    Returns:
        int32, of the shape of `scores` without the last axis.

    Raises:
        InputError: For another shape, or for labels as wide as the scores that are not one-hot. In
            a graph the latter raise `tf.errors.InvalidArgumentError` when it runs.

    Example:

    >>> class_ids("loss", tf.one_hot([2, 0, -1], 3), tf.zeros([3, 3])).numpy().tolist()
    [2, 0, -1]
    """
    truth, scores = tf.convert_to_tensor(truth), tf.convert_to_tensor(scores)
    shape, wanted = truth.shape, scores.shape
    if shape.rank is None or wanted.rank is None:
        return tf.cast(truth, tf.int32)
    if shape.rank == wanted.rank and shape[-1] == 1 and wanted[-1] != 1:
        truth, shape = tf.squeeze(truth, -1), shape[:-1]
    if shape.is_compatible_with(wanted[:-1]):
        return tf.cast(truth, tf.int32)
    if shape.rank != wanted.rank or not shape.is_compatible_with(wanted):
        raise InputError(
            f"{owner} expects class ids of shape {_shown(wanted[:-1])} or one-hot labels of shape "
            f"{_shown(wanted)}, as the scores have it; got {_shown(shape)}"
        )
    return _from_one_hot(owner, truth, pad)


def _from_one_hot(owner: str, labels: tf.Tensor, pad: int) -> tf.Tensor:
    whole = tf.cast(labels, tf.int32)
    count = tf.reduce_sum(whole, -1)
    exact = tf.reduce_all(tf.cast(whole, labels.dtype) == labels) & tf.reduce_all(whole >= 0)
    right = exact & tf.reduce_all(count <= 1)
    message = (
        f"{owner} expects one-hot labels, one 1 in a row or none, and else zeros; shares are made "
        "by label_smoothing"
    )
    if tf.executing_eagerly():
        if not bool(right):
            raise InputError(message)
        checks = []
    else:
        checks = [tf.debugging.Assert(right, [message])]
    with tf.control_dependencies(checks):
        return tf.where(count > 0, tf.argmax(whole, -1, output_type=tf.int32), pad)


def _shown(shape: tf.TensorShape) -> str:
    return str(tuple(shape))


def count_real(truth: Any, pad: int) -> tf.Tensor:
    """Counts what a loss over steps is the mean of: the ids, or one-hot rows, that are not padding.

    Args:
        truth: Ids [B] or [B, N]; ids [B, N, 1] or one-hot labels [B, N, K].
        pad: The id that does not count. Without one (-1) every row that is not all zeros does.
    """
    truth = tf.convert_to_tensor(truth)
    ids = tf.cast(truth, tf.int32)
    if truth.shape.rank == 3 and truth.shape[-1] != 1:
        ids = tf.where(tf.reduce_any(ids != 0, -1), tf.argmax(ids, -1, tf.int32), pad)
    return tf.math.count_nonzero(ids != pad)
