"""How a text becomes tokens and tokens become text: the same in training and when served."""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from zoo.text.normalizer import Normalizer
from zoo.text.tokenizers import Tokenizer
from zoo.text.vocabulary import Vocabulary
from zoo.text.word_pieces import WordPieces


class TextFront(NamedTuple):
    """A tokenizer behind a normalizer: what every model of text reads through.

    It stands wherever a tokenizer can. Training, evaluation and the exported graph use the same
    one, so that no writing of a text is new to the model only when it is served.

    Attributes:
        normalizer: Brings a text into one form.
        tokenizer: Cuts what comes of it.

    Example:

    >>> front = TextFront(Normalizer("NFKC", lower_case=True), words)
    >>> front.split_text("\\uff21 \\ufb01ne\\u00a0day")
    ['a', 'fine', 'day']
    """

    normalizer: Normalizer
    tokenizer: Tokenizer | WordPieces

    @property
    def name(self) -> str:
        """The tokenizer's name."""
        return self.tokenizer.name

    @property
    def separator(self) -> str:
        """What stands between two tokens in the joined text."""
        return self.tokenizer.separator

    def split(self, text: tf.Tensor) -> tf.RaggedTensor:
        """Cuts strings [B] into a ragged [B, (tokens)]; an empty string has no token."""
        return self.tokenizer.split(self.normalizer.normalize(text))

    def ids(self, text: tf.Tensor, vocabulary: Vocabulary) -> tf.RaggedTensor:
        """Returns the ids int32 [B, (tokens)] of the tokens."""
        return self.tokenizer.ids(self.normalizer.normalize(text), vocabulary)

    def join(self, tokens: tf.RaggedTensor) -> tf.Tensor:
        """Joins a ragged [B, (tokens)] into strings [B]: the normalised text."""
        return self.tokenizer.join(tokens)

    def split_texts(self, texts: Sequence[str]) -> list[list[str]]:
        """Does what `split` does to Python strings."""
        rows = self.split(tf.constant(list(texts), tf.string)).to_list()
        return [[token.decode() for token in row] for row in rows]

    def split_text(self, text: str) -> list[str]:
        """Does what `split` does to one Python string."""
        return self.split_texts([text])[0]
