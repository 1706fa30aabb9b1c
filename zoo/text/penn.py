"""Cutting running text of any script into words and punctuation marks, inside the graph."""

import tensorflow as tf

from zoo.text.treebank import treebank_split

# (pattern of RE2, what stands in its place), in this order.
_ONE_WAY_TO_WRITE = (
    (r"\pZ", " "),
    ("[\u2019\u2018\u02bc\u00b4]", "'"),
    ("[\u201c\u201d\u201e\u00ab\u00bb]|``|''", '"'),
    # Scripts that put no space between words: each sign is a token.
    (r"([\p{Han}\p{Hiragana}\p{Katakana}])", r" \1 "),
)


def penn_split(text: tf.Tensor) -> tf.RaggedTensor:
    """Cuts strings [B] into a ragged [B, (words)], as `treebank_split` but with compounds whole.

    There is one form of each quotation mark, and signs of Chinese and Japanese are a token each.
    An empty string has no word. Bytes that are not UTF-8 become U+FFFD.

    Example:

    >>> penn_split(tf.constant(["It isn\u2019t bad!"])).to_list()
    [[b'It', b'is', b"n't", b'bad', b'!']]
    """
    text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="replace")
    for pattern, put in _ONE_WAY_TO_WRITE:
        text = tf.strings.regex_replace(text, pattern, put)
    return treebank_split(text, cut_hyphens=False)
