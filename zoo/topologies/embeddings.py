"""Token embeddings: trained, read from word vectors (frozen or tuned), or tied with an output."""

from typing import Any

import keras
import numpy as np

from zoo.checks import check_counts
from zoo.errors import InputError


def token_embedding(
    vocabulary_size: int,
    embedding_dim: int,
    *,
    word_vectors: Any = None,
    train_embedding: bool = True,
    tied: bool = False,
    name: str = "embedding",
) -> keras.layers.Embedding:
    """Makes the layer that turns token ids [..] into vectors [.., embedding_dim].

    Args:
        vocabulary_size: Number of token ids.
        embedding_dim: Width of a token's vector.
        word_vectors: Values to start from, [vocabulary_size, embedding_dim], as
            `zoo.text.word_vectors.WordVectors.matrix` makes them; None: random ones. A saved
            model holds the values as its weights, and needs the word vector file no more.
        train_embedding: Whether training changes them; False freezes them.
        tied: Whether the layer also gives logits, `layer(hidden, reverse=True)`: the product of
            hidden [.., embedding_dim] with every token's vector, by the same weights (Press and
            Wolf 2017, "Using the output embedding to improve language models").
        name: The layer's name.

    Raises:
        InputError: a size is not one, or the word vectors are not of that shape, or not finite.

    Example:

    >>> token_embedding(9, 4)(np.array([[1, 2]])).shape
    TensorShape([1, 2, 4])
    """
    check_counts(vocabulary_size=vocabulary_size, embedding_dim=embedding_dim)
    kind = keras.layers.ReversibleEmbedding if tied else keras.layers.Embedding
    layer = kind(vocabulary_size, embedding_dim, name=name)
    start_from(layer, word_vectors, train_embedding)
    return layer


def start_from(
    layer: keras.layers.Embedding,
    word_vectors: Any,
    train_embedding: bool = True,
    prefix: str = "",
) -> None:
    """Puts word vectors into an embedding that stands in another layer already.

    Args:
        layer: An embedding that has not been trained.
        word_vectors, train_embedding: See `token_embedding`.
        prefix: "target_" where a builder calls them `target_word_vectors` and
            `train_target_embedding`; for errors.

    Raises:
        InputError: the word vectors do not fit, or there are none to freeze.
    """
    if word_vectors is not None:
        values = _checked(
            word_vectors, (layer.input_dim, layer.output_dim), f"{prefix}word_vectors"
        )
        layer.build((None, None))
        layer.embeddings.assign(values)
    elif not train_embedding:
        raise InputError(
            f"train_{prefix}embedding is False without {prefix}word_vectors; random ones stay "
            "random"
        )
    layer.trainable = bool(train_embedding)


def _checked(word_vectors, shape, name):
    try:
        values = np.asarray(word_vectors, "float32")
    except (TypeError, ValueError):
        raise InputError(
            f"{name} is {type(word_vectors).__name__}; expected numbers of shape {shape}"
        ) from None
    if values.shape != shape:
        raise InputError(
            f"{name} has the shape {values.shape}; expected (vocabulary_size, embedding_dim) = "
            f"{shape}"
        )
    if not np.all(np.isfinite(values)):
        raise InputError(f"{name} holds values that are not finite")
    return values
