"""N to N: one output for every step of the input."""

from typing import Any

import keras

from zoo.recurrence.stack import RecurrentStack
from zoo.topologies.crf import ConditionalRandomField
from zoo.topologies.registry import builder
from zoo.topologies.sequence_input import sequence_input
from zoo.topologies.settings import check_counts, check_share


@builder("n_to_n")
def n_to_n(
    num_classes: int,
    vocabulary_size: int | None = None,
    num_features: int | None = None,
    units: int = 128,
    embedding_dim: int = 64,
    cell: str = "lstm",
    num_layers: int = 1,
    bidirectional: bool = False,
    crf: bool = False,
    dropout: float = 0.0,
    word_vectors: Any = None,
    train_embedding: bool = True,
) -> keras.Model:
    """Builds the classic RNN: h_t = cell(x_t, h_{t-1}), logits_t = V h_t + c.

    Tags of words, labels of video frames, the next character at every place.

    Args:
        num_classes: K, numbers given out at every step.
        vocabulary_size, num_features: What a step of the input is: a token, numbers, or both.
        units: Width of a cell, in each direction.
        embedding_dim: Width of the token embeddings.
        cell: A cell's registered name.
        num_layers: Recurrent layers.
        bidirectional: Whether each output also sees what follows it.
        crf: Whether whole sequences of tags are scored, by a `ConditionalRandomField`.
        dropout: Share dropped of each layer's input and of the last output, in training.
        word_vectors, train_embedding: See `token_embedding`.

    Returns:
        A functional model. Inputs: `tokens` int [B, N] and/or `features` float [B, N,
        num_features]; `length` int [B]. Outputs: `logits` [B, N, K]; with `crf` also `tags`,
        `score` and `chain`, see `ConditionalRandomField`. Logits past a row's length say nothing.

    Raises:
        InputError: an unknown cell, or numbers that do not fit.

    Example:

    >>> model = n_to_n(5, vocabulary_size=100, units=8)
    >>> model({"tokens": np.ones([2, 3]), "length": np.array([3, 1])})["logits"].shape
    TensorShape([2, 3, 5])
    """
    check_counts(num_classes=num_classes, units=units, num_layers=num_layers)
    check_share("dropout", dropout)
    given = sequence_input(
        vocabulary_size, num_features, embedding_dim, word_vectors, train_embedding
    )
    recurrence = RecurrentStack(
        cell, units, num_layers, bidirectional=bidirectional, dropout=dropout, name="recurrence"
    )
    hidden, _ = recurrence(given.steps, given.length)
    hidden = keras.layers.Dropout(dropout, name="dropout")(hidden)
    outputs = {"logits": keras.layers.Dense(num_classes, name="output_projection")(hidden)}
    if crf:
        outputs.update(ConditionalRandomField(name="crf")(outputs["logits"], given.length))
    return keras.Model(given.inputs, outputs, name="n_to_n")
