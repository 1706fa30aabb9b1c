"""Copying words of the source: an output over the vocabulary and the source's own words."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from zoo.attention import Memory

# A word's share of the attention below which it counts as none: its logarithm is finite.
_LEAST = 1e-30


class Copies(NamedTuple):
    """What every step needs of the source's words to copy them; made once by `copies_of`.

    Attributes:
        ids: int32 [B, N], the output id of each position's word; 0 on padding.
        first: bool [B, N], whether the position is the first, real one of a word that the
            vocabulary holds.
        same: float32 [B, N, N], 1 where two real positions hold the same word.
        beyond: float32 [B, N, N], 1 where the word of the position (axis 1) has the output id
            vocabulary_size + k, k on axis 2.
    """

    ids: Any
    first: Any
    same: Any
    beyond: Any


class CopyMemory(NamedTuple):
    """What every step of a decoder that copies reads.

    Attributes:
        attention_memory: What the attention looks at.
        copies: Which of the source's positions hold which word.
    """

    attention_memory: Memory
    copies: Copies


def copies_of(copy_ids: Any, mask: Any, vocabulary_size: int) -> Copies:
    """Works out once for a source which of its positions hold which word.

    Args:
        copy_ids: int [B, N], the output id of each position's word: its id where the target
            vocabulary holds the word, else `vocabulary_size` + k, where k is the position at which
            the word first stands in this source.
        mask: bool [B, N], which positions are real.
        vocabulary_size: Number of target tokens.

    Example:

    >>> copies = copies_of([[5, 9, 5, 9]], [[True, True, True, False]], vocabulary_size=8)
    >>> copies.first.numpy().tolist(), copies.beyond.numpy()[0, :, 1].tolist()
    ([[True, False, False, False]], [0.0, 1.0, 0.0, 0.0])
    """
    mask = tf.cast(mask, tf.bool)
    ids = tf.where(mask, tf.cast(copy_ids, tf.int32), 0)
    positions = tf.range(tf.shape(ids)[1])
    same = (ids[:, :, None] == ids[:, None]) & mask[:, :, None] & mask[:, None]
    earlier = tf.reduce_any(same & (positions[None, :] < positions[:, None]), 2)
    beyond = (ids[:, :, None] - vocabulary_size == positions) & mask[:, :, None]
    return Copies(
        ids,
        mask & ~earlier & (ids < vocabulary_size),
        tf.cast(same, tf.float32),
        tf.cast(beyond, tf.float32),
    )


@keras.saving.register_keras_serializable(package="zoo")
class CopyOutput(keras.layers.Layer):
    """Log-probabilities over the vocabulary and the source's words, by a gate between the two.

        g_i = sigmoid(w [c_i; s_i; x_i] + b)
        P_i(y) = g_i softmax(logits_i)(y) + (1 - g_i) sum over j with x_j = y of a_ij

    See, Liu and Manning, "Get to the point: summarization with pointer-generator networks", 2017,
    equations 8 and 9; a_ij is divided by its sum over j, where a kind of attention leaves that
    below 1. Where nothing is attended to (an empty source) the vocabulary has it all. Everything
    is worked out in float32 and added as logarithms: log(e^a + e^b) = a + softplus(b - a), so that
    a word that one of the two finds hopeless loses nothing.

    Args:
        vocabulary_size: V, number of target tokens.

    Call arguments:
        logits: [B, M, V].
        weights: [B, M, N], the attention's; zero on padding.
        features: [B, M, D], what the gate reads.
        copies: `Copies`.

    Returns:
        float32 [B, M, V + N]: the log-probability of token y at y, of the source word that the
        vocabulary lacks and that stands first at position k at V + k; -inf where there is none.
    """

    def __init__(self, vocabulary_size: int, **kwargs: Any):
        # The weights of the attention and the counts stay in float32 under a mixed policy.
        super().__init__(autocast=False, **kwargs)
        self.vocabulary_size = vocabulary_size
        self.gate = keras.layers.Dense(1, name="gate")

    def build(self, logits_shape, weights_shape, features_shape, copies_shape=None):
        self.gate.build(features_shape)

    def call(self, logits, weights, features, copies):
        weights = tf.cast(weights, tf.float32)
        attended = tf.reduce_sum(weights, -1, keepdims=True)
        weights = tf.math.divide_no_nan(weights, attended)
        gate = tf.cast(self.gate(features), tf.float32)
        generate = tf.where(attended > 0, tf.math.log_sigmoid(gate), 0.0)
        copy = tf.math.log_sigmoid(-gate)
        generated = generate + tf.nn.log_softmax(tf.cast(logits, tf.float32))
        beyond = copy + _log(tf.matmul(weights, copies.beyond))
        exists = tf.reduce_any(copies.beyond > 0, 1)[:, None]
        beyond = tf.where(exists, beyond, float("-inf"))
        return tf.concat([self._add(generated, copy, weights, copies), beyond], -1)

    def _add(self, generated, copy, weights, copies):
        """Adds to words of the vocabulary what copying gives them, each at its first position."""
        size = self.vocabulary_size
        steps, positions = tf.shape(weights)[1], tf.shape(weights)[2]
        shares = tf.matmul(weights, copies.same)  # [B, M, N]
        ids = tf.where(copies.first, copies.ids, 0)
        ids = tf.reshape(tf.repeat(ids[:, None], steps, 1), [-1, positions])
        flat = tf.reshape(generated, [-1, size])
        present = tf.reshape(tf.gather(flat, ids, batch_dims=1), tf.shape(shares))
        more = tf.nn.softplus(copy + _log(shares) - present)
        more = tf.where(copies.first[:, None] & (shares > _LEAST), more, 0.0)
        rows = tf.broadcast_to(tf.range(tf.shape(ids)[0])[:, None], tf.shape(ids))
        flat = tf.tensor_scatter_nd_add(
            flat, tf.stack([rows, ids], -1), tf.reshape(more, tf.shape(ids))
        )
        return tf.reshape(flat, tf.shape(generated))

    def get_config(self):
        return {**super().get_config(), "vocabulary_size": self.vocabulary_size}


def _log(shares):
    return tf.math.log(tf.maximum(shares, _LEAST))
