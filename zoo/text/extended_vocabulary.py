"""A vocabulary, and beyond it the words of one source text: ids for words that can be copied."""

import tensorflow as tf

from zoo.text.vocabulary import PAD, SPECIAL, UNKNOWN_ID, Vocabulary


class ExtendedVocabulary:
    """Ids from V on stand for words that a vocabulary of V tokens lacks and a source text has.

    V + k is the word that first stands at place k of the source, 0 being the first; it means
    something beside that source alone (See, Liu and Manning 2017, section 2.2). Everything is
    done by core string ops inside the graph.

    Args:
        vocabulary: vocabulary of the target. Source and target may share it, or the source
            may have another one: a copied word becomes a token of the target either way.

    Example:

    >>> words = ExtendedVocabulary(Vocabulary(["the", "in"]))
    >>> source = tf.ragged.constant([["ada", "in", "the", "ada"]])
    >>> words.copy_ids(source).to_list()
    [[6, 5, 4, 6]]
    >>> target = words.ids(tf.ragged.constant([["the", "ada", "bob"]]), source)
    >>> target.to_list(), words.strings(target, source).to_list()
    ([[4, 6, 1]], [[b'the', b'ada', b'<unknown>']])
    """

    def __init__(self, vocabulary: Vocabulary):
        self.vocabulary = vocabulary

    def copy_ids(self, source: tf.RaggedTensor) -> tf.RaggedTensor:
        """Returns the id of each word of ragged source words [B, (N)], as a ragged int32."""
        words = source.to_tensor(PAD)
        same = words[:, :, None] == words[:, None]
        # The first of equals; a row of no words has no argmax.
        before = tf.range(tf.shape(words)[1])[None, None] + tf.cast(~same, tf.int32) * 2**30
        first = tf.reduce_min(before, 2)
        ids = self.vocabulary.ids(words)
        ids = tf.where(self._known(ids), ids, len(self.vocabulary) + first)
        return _like(source, ids)

    def ids(self, target: tf.RaggedTensor, source: tf.RaggedTensor) -> tf.RaggedTensor:
        """Returns the extended ids of target words [B, (M)]: labels for a model that copies.

        A word that neither the vocabulary nor its row of the source has is unknown.
        """
        words, source = target.to_tensor(PAD), source.to_tensor(PAD)
        same = words[:, :, None] == source[:, None]
        place = tf.range(tf.shape(source)[1])[None, None] + tf.cast(~same, tf.int32) * 2**30
        first = tf.reduce_min(place, 2)
        copied = tf.where(first < tf.shape(source)[1], len(self.vocabulary) + first, UNKNOWN_ID)
        ids = self.vocabulary.ids(words)
        return _like(target, tf.where(self._known(ids), ids, copied))

    def strings(self, ids: tf.RaggedTensor, source: tf.RaggedTensor) -> tf.RaggedTensor:
        """Returns the words of ragged extended ids [B, (M)] beside their source; `ids` undone."""
        flat, size = ids.flat_values, len(self.vocabulary)
        rows = tf.cast(ids.value_rowids(), tf.int32)
        lengths = tf.gather(tf.cast(source.row_lengths(), tf.int32), rows)
        copies = (flat >= size) & (flat - size < lengths)
        # An empty place at the end, for what copies nothing.
        words = tf.pad(source.to_tensor(PAD), [[0, 0], [0, 1]])
        places = tf.where(copies, flat - size, tf.shape(words)[1] - 1)
        copied = tf.gather_nd(words, tf.stack([rows, places], 1))
        kept = self.vocabulary.strings(flat)
        return ids.with_flat_values(tf.where(copies, copied, kept))

    def _known(self, ids):
        # A word that is spelled like a special token is a word.
        return ids >= len(SPECIAL)


def _like(ragged, dense):
    return tf.RaggedTensor.from_tensor(dense, ragged.row_lengths()).with_row_splits_dtype(
        ragged.row_splits.dtype
    )
