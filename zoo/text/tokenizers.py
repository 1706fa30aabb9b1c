"""Cutting strings into tokens and joining them again, with core TensorFlow string ops only."""

from typing import NamedTuple

import tensorflow as tf

from zoo.registry import Registry
from zoo.text.subwords import cut_words, join_words

tokenizers: Registry["Tokenizer"] = Registry("tokenizer")


class Tokenizer(NamedTuple):
    """One way to cut text: `split` and `join` are inverse up to repeated white space.

    Attributes:
        name: The registered name.
        separator: What stands between two tokens in the joined text.
    """

    name: str
    separator: str

    def split(self, text: tf.Tensor) -> tf.RaggedTensor:
        """Cuts strings [B] into a ragged [B, (tokens)]; an empty string has no token.

        Bytes that are not UTF-8 become U+FFFD.
        """
        if self.separator == "":
            return tf.strings.unicode_split(text, "UTF-8", errors="replace")
        return tf.strings.split(text)

    def join(self, tokens: tf.RaggedTensor) -> tf.Tensor:
        """Joins a ragged [B, (tokens)] into strings [B]."""
        return tf.strings.reduce_join(tokens, axis=-1, separator=self.separator)

    def split_text(self, text: str) -> list[str]:
        """Does what `split` does to one Python string."""
        return list(text) if self.separator == "" else text.split()


class MarkedWords(NamedTuple):
    """Whole words and signs apart, each with ▁ for the white space before it; see `cut_words`.

    Joining gives the text back but for repeated white space: "It's late." and not "It ' s late .".
    """

    name: str

    def split(self, text: tf.Tensor) -> tf.RaggedTensor:
        """Cuts strings [B] into a ragged [B, (words)]; an empty string has no word."""
        return cut_words(text)

    def join(self, tokens: tf.RaggedTensor) -> tf.Tensor:
        """Joins a ragged [B, (words)] into strings [B]."""
        return join_words(tokens)

    def split_text(self, text: str) -> list[str]:
        """Does what `split` does to one Python string."""
        return [word.decode() for word in self.split(tf.constant([text]))[0].numpy()]


characters = tokenizers.register("characters")(Tokenizer("characters", ""))
words = tokenizers.register("words")(Tokenizer("words", " "))
marked_words = tokenizers.register("marked_words")(MarkedWords("marked_words"))
