"""How a text becomes tokens and tokens become text: the same in training and when served."""

from typing import NamedTuple, Protocol

import tensorflow as tf

from zoo.text.normalizer import Normalizer
from zoo.text.vocabulary import Vocabulary


class Cutting(Protocol):
    """What a tokenizer does: cutting text, and joining it again."""

    name: str
    separator: str

    def split(self, text: tf.Tensor) -> tf.RaggedTensor: ...
    def ids(self, text: tf.Tensor, vocabulary: Vocabulary) -> tf.RaggedTensor: ...
    def join(self, tokens: tf.RaggedTensor) -> tf.Tensor: ...


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
    tokenizer: Cutting

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

    def split_text(self, text: str) -> list[str]:
        """Does what `split` does to one Python string."""
        return [token.decode() for token in self.split(tf.constant([text]))[0].numpy()]
