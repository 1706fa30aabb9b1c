"""The inputs of a model that reads one sequence: tokens, features of each step, or both."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras

from zoo.checks import check_counts
from zoo.errors import InputError
from zoo.topologies.checked_length import CheckedLength
from zoo.topologies.convolutions import Convolutions
from zoo.topologies.embeddings import token_embedding


class SequenceInput(NamedTuple):
    """What a builder reads.

    Attributes:
        inputs: The model's inputs by name.
        steps: float [B, N, D], what enters the recurrence.
        length: int [B], the real steps of each row; see `CheckedLength`.
        embedding: The layer of the tokens, or None.
    """

    inputs: dict
    steps: Any
    length: Any
    embedding: Any = None


def sequence_input(
    vocabulary_size: int | None,
    num_features: int | None,
    embedding_dim: int,
    word_vectors: Any = None,
    train_embedding: bool = True,
    tied: bool = False,
    frame_shape: Sequence[int] | None = None,
    filters: Sequence[int] = (),
) -> SequenceInput:
    """Makes the inputs `tokens` int [B, N], `features` float [B, N, num_features], `length` [B].

    Args:
        vocabulary_size: Number of token ids, or None where there are no tokens.
        num_features: Numbers a step, or None where there are none. With both, a step is its
            token's embedding followed by its features.
        frame_shape: (height, width, channels) of the picture that a step's features are the pixels
            of, so that each goes through `Convolutions`; None: they enter as they are.
        filters: See `Convolutions`.
        embedding_dim, word_vectors, train_embedding, tied: See `token_embedding`.

    Raises:
        InputError: neither is given, or a number does not fit.
    """
    if frame_shape is not None:
        _check_frames(frame_shape, num_features, vocabulary_size)
    if vocabulary_size is None and num_features is None:
        raise InputError("give vocabulary_size (for tokens), num_features (for numbers), or both")
    inputs, parts, embedding = {}, [], None
    if vocabulary_size is not None:
        embedding = token_embedding(
            vocabulary_size,
            embedding_dim,
            word_vectors=word_vectors,
            train_embedding=train_embedding,
            tied=tied,
        )
        inputs["tokens"] = keras.Input([None], dtype="int32", name="tokens")
        parts.append(embedding(inputs["tokens"]))
    elif word_vectors is not None or not train_embedding:
        raise InputError("word_vectors and train_embedding go with tokens; give vocabulary_size")
    if num_features is not None:
        check_counts(num_features=num_features)
        inputs["features"] = keras.Input([None, num_features], name="features")
        parts.append(inputs["features"])
    inputs["length"] = keras.Input([], dtype="int32", name="length")
    steps = parts[0] if len(parts) == 1 else keras.layers.Concatenate(name="steps")(parts)
    length = CheckedLength(name="checked_length")(inputs["length"], steps)
    if frame_shape is not None:
        steps = _convolved(steps, frame_shape, filters)
    return SequenceInput(inputs, steps, length, embedding)


def _check_frames(frame_shape, num_features, vocabulary_size) -> None:
    shape = tuple(frame_shape) if isinstance(frame_shape, Sequence) else ()
    if len(shape) != 3 or isinstance(frame_shape, str):
        raise InputError(f"frame_shape is {frame_shape!r}; expected (height, width, channels)")
    check_counts(**dict(zip(("height", "width", "channels"), shape, strict=True)))
    if vocabulary_size is not None or num_features != math.prod(shape):
        raise InputError(
            f"frame_shape {shape} goes with num_features={math.prod(shape)}, the pixels of a "
            f"frame, and no tokens; got num_features={num_features}, "
            f"vocabulary_size={vocabulary_size}"
        )


def _convolved(frames, frame_shape, filters):
    pictures = keras.layers.Reshape([-1, *frame_shape], name="pictures")(frames)
    maps = Convolutions(filters, name="convolutions")(pictures)
    return keras.layers.Reshape([-1, math.prod(maps.shape[2:])], name="flat_maps")(maps)
