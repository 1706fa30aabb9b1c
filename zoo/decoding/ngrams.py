"""No n-gram twice in one hypothesis."""

import tensorflow as tf


def forbid_repeats(values: tf.Tensor, history: tf.Tensor, index: tf.Tensor, size: int) -> tf.Tensor:
    """Puts at -inf every token that would complete an n-gram that the row already holds.

    Args:
        values: float32 [R, V], what the next token is chosen by.
        history: int32 [R, T], the tokens so far in the first `index` columns; the rest is not
            read.
        index: int32 scalar, how many tokens there are.
        size: n, at least 1. 1 forbids every token that has been produced.

    Returns:
        float32 [R, V].

    Example: after 1 2 1, the bigram 1 2 may not come again, so 2 is forbidden.

    >>> history = tf.constant([[1, 2, 1, 0]])
    >>> forbid_repeats(tf.zeros([1, 4]), history, tf.constant(3), size=2).numpy().tolist()
    [[0.0, 0.0, -inf, 0.0]]
    """
    num_rows, width = tf.unstack(tf.shape(history))
    # An n-gram that starts at column j ends at column j + n - 1, which is the token to forbid.
    starts = tf.maximum(width - size + 1, 0)
    repeats = tf.fill([num_rows, starts], True) & (tf.range(starts) + size - 1 < index)
    for offset in range(size - 1):
        newest = tf.maximum(index - size + 1 + offset, 0)
        repeats &= history[:, offset : offset + starts] == history[:, newest, None]
    ends = history[:, size - 1 : size - 1 + starts]
    rows = tf.broadcast_to(tf.range(num_rows)[:, None], tf.shape(ends))
    # Columns that are not yet written may hold anything; they forbid nothing.
    ends = tf.where(repeats, ends, 0)
    return tf.tensor_scatter_nd_min(
        values, tf.stack([rows, ends], axis=-1), tf.where(repeats, float("-inf"), float("inf"))
    )


def append_tokens(history: tf.Tensor, index: tf.Tensor, tokens: tf.Tensor) -> tf.Tensor:
    """Returns the history, int32 [R, T], with the tokens, int32 [R], in column `index`."""
    here = tf.range(tf.shape(history)[1]) == index
    return tf.where(here, tokens[:, None], history)
