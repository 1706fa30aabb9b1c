"""N to 1: one output for the whole input."""

from collections.abc import Sequence
from typing import Any

import keras

from zoo.checks import check_counts, check_share
from zoo.recurrence.stack import RecurrentStack
from zoo.topologies.pooling import Pooling
from zoo.topologies.registry import builder
from zoo.topologies.sequence_input import sequence_input


@builder("n_to_one")
def n_to_one(
    num_classes: int,
    vocabulary_size: int | None = None,
    num_features: int | None = None,
    frame_shape: Sequence[int] | None = None,
    filters: Sequence[int] = (16, 32),
    units: int = 128,
    embedding_dim: int = 64,
    cell: Any = "lstm",
    num_layers: int = 1,
    bidirectional: bool = False,
    pooling: str = "last",
    dropout: float = 0.0,
    word_vectors: Any = None,
    train_embedding: bool = True,
) -> keras.Model:
    """Builds logits = V g(h_1 ... h_N) + c, with g the last h or a transform of all.

    The class of a text, of a recording, of a clip of pictures, the next value of a series.

    Args:
        num_classes: K, numbers given out for a row.
        vocabulary_size, num_features: What a step of the input is: a token, numbers, or both.
        frame_shape: Where the features are a picture's pixels, a clip: its (height, width,
            channels), so that each frame goes through `Convolutions` first; None: they enter as
            they are.
        filters: See `Convolutions`.
        units: Width of a cell, in each direction.
        embedding_dim: Width of the token embeddings.
        cell: A cell's registered name, or a cell object for each layer and direction.
        num_layers: Recurrent layers.
        bidirectional: Whether the input is read both ways.
        pooling: "last", "mean", "max", "mean_max" or "attention"; see `Pooling`.
        dropout: Share dropped of each layer's input and of the pooled vector, in training.
        word_vectors, train_embedding: See `token_embedding`.

    Returns:
        A functional model. Inputs: `tokens` int [B, N] and/or `features` float [B, N,
        num_features]; `length` int [B]. Outputs: `logits` [B, K]; `vector` [B, D], the pooled h.
        A row of length zero has the vector zero.

    Raises:
        InputError: an unknown cell or pooling, or numbers that do not fit.

    Example:

    >>> model = n_to_one(2, vocabulary_size=100, units=8, pooling="max")
    >>> model({"tokens": np.ones([4, 3]), "length": np.array([3, 1, 2, 0])})["logits"].shape
    TensorShape([4, 2])
    """
    check_counts(num_classes=num_classes, units=units, num_layers=num_layers)
    check_share("dropout", dropout)
    given = sequence_input(
        vocabulary_size,
        num_features,
        embedding_dim,
        word_vectors,
        train_embedding,
        frame_shape=frame_shape,
        filters=filters,
    )
    recurrence = RecurrentStack(
        cell, units, num_layers, bidirectional=bidirectional, dropout=dropout, name="recurrence"
    )
    hidden, _ = recurrence(given.steps, given.length)
    vector = Pooling(pooling, bidirectional, name="pooling")(hidden, given.length)
    dropped = keras.layers.Dropout(dropout, name="dropout")(vector)
    logits = keras.layers.Dense(num_classes, name="output_projection")(dropped)
    return keras.Model(given.inputs, {"logits": logits, "vector": vector}, name="n_to_one")
