"""Cutting running text of any script into words and punctuation marks, inside the graph."""

from typing import NamedTuple

import tensorflow as tf

from zoo.text.tokenizers import tokenizers
from zoo.text.treebank import treebank_split

# (pattern of RE2, what stands in its place), in this order.
_ONE_WAY_TO_WRITE = (
    (r"\pZ", " "),
    ("[\u2019\u2018\u02bc\u00b4]", "'"),
    ("[\u201c\u201d\u201e\u00ab\u00bb]|``|''", '"'),
    # Scripts that put no space between words: each sign is a token.
    (r"([\p{Han}\p{Hiragana}\p{Katakana}])", r" \1 "),
)


class PennTokenizer(NamedTuple):
    """The words of `treebank_split` with compounds whole, and one form of each quotation mark.

    "It isn't bad!" is cut into It, is, n't, bad and "!". Signs of Chinese and Japanese are a token
    each. `join` puts a space between tokens.

    Example:

    >>> penn.split_text("It isn\u2019t bad!")
    ['It', 'is', "n't", 'bad', '!']
    """

    name: str = "penn"
    separator: str = " "

    def split(self, text: tf.Tensor) -> tf.RaggedTensor:
        """Cuts strings [B] into a ragged [B, (tokens)]; an empty string has no token.

        Bytes that are not UTF-8 become U+FFFD.
        """
        text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="replace")
        for pattern, put in _ONE_WAY_TO_WRITE:
            text = tf.strings.regex_replace(text, pattern, put)
        return treebank_split(text, cut_hyphens=False)

    def join(self, tokens: tf.RaggedTensor) -> tf.Tensor:
        """Joins a ragged [B, (tokens)] into strings [B]."""
        return tf.strings.reduce_join(tokens, axis=-1, separator=self.separator)

    def split_text(self, text: str) -> list[str]:
        """Does what `split` does to one Python string."""
        return [token.decode() for token in self.split(tf.constant([text]))[0].numpy()]


penn = tokenizers.register("penn")(PennTokenizer())
