"""A recurrence and nothing on top: hidden states as features."""

from typing import Any

import keras

from zoo.checks import check_counts, check_share
from zoo.recurrence.stack import RecurrentStack
from zoo.topologies.pooling import Pooling
from zoo.topologies.registry import builder
from zoo.topologies.sequence_input import sequence_input


@builder("recurrent_features")
def recurrent_features(
    vocabulary_size: int | None = None,
    num_features: int | None = None,
    units: int = 128,
    embedding_dim: int = 64,
    cell: Any = "lstm",
    num_layers: int = 1,
    bidirectional: bool = False,
    dropout: float = 0.0,
    word_vectors: Any = None,
    train_embedding: bool = True,
) -> keras.Model:
    """Builds h_t = f(U x_t + W h_{t-1} + b) without an output: U, W, b of every step.

    Args:
        vocabulary_size, num_features: What a step of the input is: a token, numbers, or both.
        units: Width of a cell, in each direction.
        embedding_dim: Width of the token embeddings.
        cell: A cell's registered name, or a cell object for each layer and direction; "basic_rnn"
            is the equation above.
        num_layers: Recurrent layers.
        bidirectional: Whether the input is read both ways.
        dropout: Share dropped of each layer's input, in training.
        word_vectors, train_embedding: See `token_embedding`.

    Returns:
        A functional model. Inputs: `tokens` int [B, N] and/or `features` float [B, N,
        num_features]; `length` int [B]. Outputs, with D = units (twice that in two directions):
        `hidden` [B, N, D], the last layer's h_t, zero on padding; `last` [B, D], the h at each
        row's end (for two directions: where each ends), zero for a row of length zero.

    Raises:
        InputError: an unknown cell, or numbers that do not fit.

    Example:

    >>> model = recurrent_features(num_features=3, units=8)
    >>> out = model({"features": np.ones([2, 5, 3]), "length": np.array([5, 1])})
    >>> out["hidden"].shape, out["last"].shape
    (TensorShape([2, 5, 8]), TensorShape([2, 8]))
    """
    check_counts(units=units, num_layers=num_layers)
    check_share("dropout", dropout)
    given = sequence_input(
        vocabulary_size, num_features, embedding_dim, word_vectors, train_embedding
    )
    hidden, _ = RecurrentStack(
        cell, units, num_layers, bidirectional=bidirectional, dropout=dropout, name="recurrence"
    )(given.steps, given.length)
    last = Pooling("last", bidirectional, name="last")(hidden, given.length)
    return keras.Model(given.inputs, {"hidden": hidden, "last": last}, name="recurrent_features")
