"""The best continuations of a beam, without sorting or rewriting the whole vocabulary."""

import math
from typing import NamedTuple

import tensorflow as tf

# From this many tokens on, looking at blocks first is faster than one top-k over all; below it
# the few more ops cost more than they save (measured on a CPU).
_LEAST_FOR_BLOCKS = 256


class Normaliser(NamedTuple):
    """What makes log-probabilities of logits: `(logit - highest) + log_share`.

    In this order, so that logits far from zero lose no digits.

    Attributes:
        highest: float32 [R], the greatest logit of each row.
        log_share: float32 [R], the log-probability of that greatest logit.
    """

    highest: tf.Tensor
    log_share: tf.Tensor


def normaliser_of(logits: tf.Tensor) -> Normaliser:
    """Returns what makes log-probabilities of logits, float32 [R, V].

    Softmax is the one fused kernel among the ways to it: on a CPU half the time of `log_softmax`
    and a tenth of the cross entropy's, which writes a gradient as well.
    """
    largest = tf.reduce_max(tf.nn.softmax(logits), axis=-1)
    return Normaliser(tf.reduce_max(logits, axis=-1), tf.math.log(largest))


def log_probability_of(tokens: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Returns the log-probability of one token a row, float32 [R]."""
    highest, log_share = normaliser_of(logits)
    return (tf.gather(logits, tokens, batch_dims=1) - highest) + log_share


def best_extensions(
    log_probabilities: tf.Tensor, logits: tf.Tensor, normaliser: Normaliser
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Finds the K best of each row's K * V extensions.

    Args:
        log_probabilities: float32 [B, K], what each hypothesis has so far.
        logits: float32 [B * K, V], -inf where a token may not come.
        normaliser: normaliser of the logits before that, [B * K].

    Returns:
        The log-probabilities [B, K] in falling order, their hypotheses' slots int32 [B, K] and
        their tokens int32 [B, K]. Of equal ones that of the lower slot, then of the lower token,
        is first.
    """
    # [B, K]: what is taken off a hypothesis' logits, and what is then added.
    width = log_probabilities.shape[1]
    off = tf.reshape(normaliser.highest, [-1, width])
    on = log_probabilities + tf.reshape(normaliser.log_share, [-1, width])
    num_tokens = logits.shape[1]
    if num_tokens is not None and num_tokens >= _LEAST_FOR_BLOCKS:
        return _by_blocks(logits, off, on)
    num_tokens = num_tokens or tf.shape(logits)[1]
    sums = tf.reshape(logits, [-1, width, num_tokens]) - off[:, :, None] + on[:, :, None]
    best, places = tf.math.top_k(tf.reshape(sums, [-1, width * num_tokens]), width)
    return best, places // num_tokens, places % num_tokens


def most_probable(logits: tf.Tensor) -> tf.Tensor:
    """Returns the token of each row's greatest logit, int32 [R]; of equal ones the lowest.

    Args:
        logits: float32 [R, V].
    """
    num_tokens = logits.shape[1]
    if num_tokens is None or num_tokens < _LEAST_FOR_BLOCKS:
        return tf.argmax(logits, axis=-1, output_type=tf.int32)
    # Maxima are a vectorised kernel and the place of a maximum is not, least of all under XLA.
    blocks, size = _blocks(logits)
    block = tf.argmax(tf.reduce_max(blocks, axis=2), axis=-1, output_type=tf.int32)
    inside = tf.gather(blocks, block, batch_dims=1)
    place = tf.argmax(inside, axis=-1, output_type=tf.int32)
    return tf.minimum(block * size + place, num_tokens - 1)


def _by_blocks(
    logits: tf.Tensor, off: tf.Tensor, on: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The same, by way of each block's maximum.

    The K best lie in the K blocks of the greatest maxima: an element outside of them has K
    elements before it. So top-k runs over the maxima, and over the K blocks that they choose.
    """
    width, num_tokens = on.shape[1], logits.shape[1]
    blocks, size = _blocks(logits)  # [B * K, blocks, size]
    num_blocks = blocks.shape[1]
    maxima = tf.reshape(tf.reduce_max(blocks, axis=2), [-1, width, num_blocks])
    maxima = maxima - off[:, :, None] + on[:, :, None]
    chosen = tf.math.top_k(tf.reshape(maxima, [-1, width * num_blocks]), width).indices
    # In their own order again, so that equal sums keep the order that they have in the whole.
    chosen = -tf.math.top_k(-chosen, width).values
    slots = chosen // num_blocks
    off, on = (tf.gather(each, slots, batch_dims=1)[:, :, None] for each in (off, on))
    blocks = tf.reshape(blocks, [-1, width * num_blocks, size])
    sums = tf.gather(blocks, chosen, batch_dims=1) - off + on
    best, places = tf.math.top_k(tf.reshape(sums, [-1, width * size]), width)
    within = places // size
    tokens = tf.gather(chosen % num_blocks, within, batch_dims=1) * size + places % size
    # A slot that holds nothing may fall on the padding, which is no token.
    tokens = tf.minimum(tokens, num_tokens - 1)
    return best, tf.gather(slots, within, batch_dims=1), tokens


def _blocks(logits: tf.Tensor) -> tuple[tf.Tensor, int]:
    """Returns the logits as [R, blocks, size], -inf where the last block is not full."""
    num_tokens = logits.shape[1]
    size = block_size(num_tokens)
    missing = -num_tokens % size
    if missing:
        logits = tf.pad(logits, [[0, 0], [0, missing]], constant_values=float("-inf"))
    return tf.reshape(logits, [-1, (num_tokens + missing) // size, size]), size


def block_size(num_tokens: int) -> int:
    """Returns a block's size near the square root, a divisor where one is near enough.

    Example:

    >>> block_size(4000), block_size(4001)
    (50, 63)
    """
    root = math.isqrt(num_tokens)
    divisors = [size for size in range(root // 2, 2 * root + 1) if num_tokens % size == 0]
    return min(divisors, key=lambda size: abs(size - root), default=root)
