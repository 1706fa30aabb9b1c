"""Cutting strings into tokens and joining them again, inside the graph."""

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial

import tensorflow as tf

from zoo.registry import Registry
from zoo.text.marked_words import cut_words, join_words
from zoo.text.penn import penn_split
from zoo.text.spoken import spoken_split
from zoo.text.treebank import treebank_split
from zoo.text.vocabulary import Vocabulary

tokenizers: Registry["Tokenizer"] = Registry("tokenizer")


@dataclasses.dataclass(frozen=True)
class Tokenizer:
    """One way to cut text, by core TensorFlow string ops only.

    Attributes:
        name: The registered name.
        separator: What stands between two tokens in the joined text.
        cut: Function of strings [B] to a ragged [B, (tokens)]; an empty string has no token.

    Example:

    >>> tokenizers.get("words").split_text("a fine  day")
    ['a', 'fine', 'day']
    """

    name: str
    separator: str
    cut: Callable[[tf.Tensor], tf.RaggedTensor]

    def split(self, text: tf.Tensor) -> tf.RaggedTensor:
        """Cuts strings [B] into a ragged [B, (tokens)]; an empty string has no token.

        Bytes that are not UTF-8 become U+FFFD.
        """
        return self.cut(text)

    def ids(self, text: tf.Tensor, vocabulary: Vocabulary) -> tf.RaggedTensor:
        """Returns the ids int32 [B, (tokens)] of the tokens."""
        return vocabulary.ids(self.split(text))

    def join(self, tokens: tf.RaggedTensor) -> tf.Tensor:
        """Joins a ragged [B, (tokens)] into strings [B]."""
        return tf.strings.reduce_join(tokens, axis=-1, separator=self.separator)

    def split_texts(self, texts: Sequence[str]) -> list[list[str]]:
        """Does what `split` does to Python strings."""
        rows = self.split(tf.constant(list(texts), tf.string)).to_list()
        return [[token.decode() for token in row] for row in rows]

    def split_text(self, text: str) -> list[str]:
        """Does what `split` does to one Python string."""
        return self.split_texts([text])[0]


class MarkedWords(Tokenizer):
    """Whole words and signs apart, each with ▁ for the white space before it; see `cut_words`.

    Joining gives the text back but for repeated white space: "It's late." and not "It ' s late .".
    """

    def join(self, tokens):
        return join_words(tokens)


def _characters(text):
    return tf.strings.unicode_split(text, "UTF-8", errors="replace")


def _unspaced(text):
    return _characters(tf.strings.regex_replace(text, r"[\s\v]+", ""))


def _gapped(text):
    """Each character a token, without white space; a run of underscores, which is a gap, whole."""
    parts = tf.strings.regex_replace(text, r"(__+|[^\s\v])", "\\1\x1f")
    parts = tf.strings.regex_replace(parts, r"[\s\v]+", "")
    split = tf.strings.split(parts, "\x1f")
    # Behind the last separator there is an empty string.
    return tf.ragged.boolean_mask(split, split != "")


def _register(tokenizer: Tokenizer) -> Tokenizer:
    return tokenizers.register(tokenizer.name)(tokenizer)


characters = _register(Tokenizer("characters", "", _characters))
# For text in which a character is a word: white space is no token.
unspaced_characters = _register(Tokenizer("unspaced_characters", "", _unspaced))
# The same, for text with gaps.
gapped_characters = _register(Tokenizer("gapped_characters", "", _gapped))
words = _register(Tokenizer("words", " ", tf.strings.split))
marked_words = _register(MarkedWords("marked_words", "", cut_words))
penn = _register(Tokenizer("penn", " ", penn_split))
treebank = _register(Tokenizer("treebank", " ", treebank_split))
# As `treebank`, with compounds that have a hyphen whole.
treebank_compounds = _register(
    Tokenizer("treebank_compounds", " ", partial(treebank_split, cut_hyphens=False))
)
spoken = _register(Tokenizer("spoken", " ", spoken_split))
