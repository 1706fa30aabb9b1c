"""Words and signs apart, each with a mark for the white space before it."""

import tensorflow as tf

# Stands for the white space before a word, as in SentencePiece (Kudo and Richardson 2018).
SPACE = "▁"
# Joiners shape the letters of a word and make several emoji one; they are no signs.
_SIGN = r"[^\p{L}\p{N}\p{M}\s▁\x{200C}\x{200D}]"
# What belongs to the sign before it: the look and the skin of an emoji, and what is joined to it.
_MORE = rf"(?:[\x{{FE0F}}\x{{1F3FB}}-\x{{1F3FF}}\x{{20E3}}]|\x{{200D}}{_SIGN})*"
_ALONE = rf"{SPACE}?(?:{_SIGN}{_MORE}|\p{{Han}})"


def cut_words(text: tf.Tensor) -> tf.RaggedTensor:
    """Cuts strings [B] into a ragged [B, (words)]; ▁ is the white space before a word.

    They are cut at white space, around every sign that is no letter, digit or mark, and around
    Chinese characters. A ▁ that stands in the text itself becomes _.
    """
    words = tf.strings.split(tf.strings.regex_replace(text, SPACE, "_"))
    marked = tf.strings.join([SPACE, words.values])
    parts = tf.strings.split(tf.strings.regex_replace(marked, _ALONE, r" \0 "))
    rows = tf.gather(parts.row_splits, words.row_splits)
    return tf.RaggedTensor.from_row_splits(parts.values, rows, validate=False)


def join_words(words: tf.RaggedTensor) -> tf.Tensor:
    """Joins words or pieces [B, (N)] with their ▁ into strings [B]; `cut_words` undone."""
    text = tf.strings.reduce_join(words, axis=-1)
    return tf.strings.strip(tf.strings.regex_replace(text, SPACE, " "))
