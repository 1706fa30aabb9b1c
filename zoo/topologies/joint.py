"""Joint heads: N to N and N to 1 from one encoder."""

from typing import Any

import keras

from zoo.checks import check_counts, check_share
from zoo.recurrence.stack import RecurrentStack
from zoo.topologies.crf import ConditionalRandomField
from zoo.topologies.pooling import Pooling
from zoo.topologies.registry import builder
from zoo.topologies.sequence_input import sequence_input


@builder("joint")
def joint(
    num_step_classes: int,
    num_row_classes: int,
    vocabulary_size: int | None = None,
    num_features: int | None = None,
    units: int = 128,
    embedding_dim: int = 64,
    cell: Any = "lstm",
    num_layers: int = 1,
    bidirectional: bool = True,
    pooling: str = "attention",
    crf: bool = False,
    dropout: float = 0.0,
    word_vectors: Any = None,
    train_embedding: bool = True,
) -> keras.Model:
    """Builds one recurrence with two heads: one output a step, and one for the row.

    The slots and the intent of an utterance (Liu and Lane 2016, "Attention-based recurrent neural
    network models for joint intent detection and slot filling").

    Args:
        num_step_classes: K, numbers given out at every step.
        num_row_classes: C, numbers given out for a row.
        vocabulary_size, num_features: What a step of the input is: a token, numbers, or both.
        units: Width of a cell, in each direction.
        embedding_dim: Width of the token embeddings.
        cell: A cell's registered name, or a cell object for each layer and direction.
        num_layers: Recurrent layers.
        bidirectional: Whether the input is read both ways.
        pooling: "last", "mean", "max", "mean_max" or "attention", for the row's head; see
            `Pooling`.
        crf: Whether whole sequences of tags are scored, by a `ConditionalRandomField`.
        dropout: Share dropped of each layer's input and before both heads, in training.
        word_vectors, train_embedding: See `token_embedding`.

    Returns:
        A functional model. Inputs: `tokens` int [B, N] and/or `features` float [B, N,
        num_features]; `length` int [B]. Outputs: `step_logits` [B, N, K]; `row_logits` [B, C];
        with `crf` also `tags`, `score` and `chain`, see `ConditionalRandomField`.

    Raises:
        InputError: an unknown cell or pooling, or numbers that do not fit.
    """
    check_counts(
        num_step_classes=num_step_classes,
        num_row_classes=num_row_classes,
        units=units,
        num_layers=num_layers,
    )
    check_share("dropout", dropout)
    given = sequence_input(
        vocabulary_size, num_features, embedding_dim, word_vectors, train_embedding
    )
    recurrence = RecurrentStack(
        cell, units, num_layers, bidirectional=bidirectional, dropout=dropout, name="recurrence"
    )
    hidden, _ = recurrence(given.steps, given.length)
    vector = Pooling(pooling, bidirectional, name="pooling")(hidden, given.length)
    dropout_layer = keras.layers.Dropout(dropout, name="dropout")
    outputs = {
        "step_logits": keras.layers.Dense(num_step_classes, name="step_projection")(
            dropout_layer(hidden)
        ),
        "row_logits": keras.layers.Dense(num_row_classes, name="row_projection")(
            dropout_layer(vector)
        ),
    }
    if crf:
        outputs.update(ConditionalRandomField(name="crf")(outputs["step_logits"], given.length))
    return keras.Model(given.inputs, outputs, name="joint")
