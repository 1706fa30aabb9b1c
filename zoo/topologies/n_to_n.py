"""N to N: one output for every step of the input."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from zoo.checks import check_counts, check_share
from zoo.errors import InputError
from zoo.recurrence.stack import RecurrentStack
from zoo.topologies.crf import ConditionalRandomField
from zoo.topologies.registry import builder
from zoo.topologies.sequence_input import sequence_input


@builder("n_to_n")
def n_to_n(
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
    crf: bool = False,
    dropout: float = 0.0,
    input_dropout: float | None = None,
    recurrent_weight_dropout: float = 0.0,
    tie_embeddings: bool = False,
    state_inputs: bool = False,
    word_vectors: Any = None,
    train_embedding: bool = True,
) -> keras.Model:
    """Builds the classic RNN: h_t = cell(x_t, h_{t-1}), logits_t = V h_t + c.

    Tags of words, labels of video frames, the next character at every place. Over tokens and in
    one direction it is a language model, which `TokenStep` runs one token at a time.

    Args:
        num_classes: K, numbers given out at every step.
        vocabulary_size, num_features: What a step of the input is: a token, numbers, or both.
        frame_shape: Where the features are a picture's pixels: its (height, width, channels), so
            that each frame goes through `Convolutions` first; None: they enter as they are.
        filters: See `Convolutions`.
        units: Width of a cell, in each direction.
        embedding_dim: Width of the token embeddings.
        cell: A cell's registered name, or a cell object for each layer and direction.
        num_layers: Recurrent layers.
        bidirectional: Whether each output also sees what follows it.
        crf: Whether whole sequences of tags are scored, by a `ConditionalRandomField`.
        dropout: Share dropped of each layer's input and of the last output, in training.
        input_dropout: The same for the first layer's input alone; None: as `dropout`.
        recurrent_weight_dropout: Share of the recurrent weights dropped in training; see
            `RecurrentStack`.
        tie_embeddings: Whether V is the embedding E: logits = (P h_t) E^T, P a projection to
            `embedding_dim` (Press and Wolf 2017); the classes are then the tokens.
        state_inputs: Whether the recurrent states come in and go out.
        word_vectors, train_embedding: See `token_embedding`.

    Returns:
        A functional model. Inputs: `tokens` int [B, N] and/or `features` float [B, N,
        num_features]; `length` int [B]. Outputs: `logits` [B, N, K]; with `crf` also `tags`,
        `score` and `chain`, see `ConditionalRandomField`. Logits past a row's length say nothing.
        With `state_inputs` also `state_0`, `state_1`, ..., each [B, its width], both as inputs and
        as outputs: the states before the first and after each row's last real step, layer by
        layer, an LSTM's h and then its c. Zeros are the state before a sequence.

    Raises:
        InputError: an unknown cell, numbers that do not fit, tied embeddings of other classes, or
            states of a model that reads both ways.

    Example:

    >>> model = n_to_n(5, vocabulary_size=100, units=8)
    >>> model({"tokens": np.ones([2, 3]), "length": np.array([3, 1])})["logits"].shape
    TensorShape([2, 3, 5])
    """
    check_counts(num_classes=num_classes, units=units, num_layers=num_layers)
    check_share("dropout", dropout)
    if tie_embeddings and num_classes != vocabulary_size:
        raise InputError(
            f"tie_embeddings gives a logit to each of the {vocabulary_size} tokens, but "
            f"num_classes is {num_classes}; make them equal"
        )
    if state_inputs and bidirectional:
        raise InputError(
            "state_inputs carries the past on, but bidirectional also reads what follows; "
            "choose one of them"
        )
    given = sequence_input(
        vocabulary_size,
        num_features,
        embedding_dim,
        word_vectors,
        train_embedding,
        tied=tie_embeddings,
        frame_shape=frame_shape,
        filters=filters,
    )
    recurrence = RecurrentStack(
        cell,
        units,
        num_layers,
        bidirectional=bidirectional,
        dropout=dropout,
        input_dropout=input_dropout,
        recurrent_weight_dropout=recurrent_weight_dropout,
        name="recurrence",
    )
    states, before = {}, None
    if state_inputs:
        states = _state_inputs(recurrence)
        before = tf.nest.pack_sequence_as(recurrence.state_widths, list(states.values()))
    hidden, after = recurrence(given.steps, given.length, before)
    hidden = keras.layers.Dropout(dropout, name="dropout")(hidden)
    if tie_embeddings:
        narrow = keras.layers.Dense(embedding_dim, name="narrow")(hidden)
        outputs = {"logits": given.embedding(narrow, reverse=True)}
    else:
        outputs = {"logits": keras.layers.Dense(num_classes, name="output_projection")(hidden)}
    if crf:
        outputs.update(ConditionalRandomField(name="crf")(outputs["logits"], given.length))
    if states:
        outputs.update(zip(states, tf.nest.flatten(after), strict=True))
    return keras.Model({**given.inputs, **states}, outputs, name="n_to_n")


def _state_inputs(recurrence: RecurrentStack) -> dict:
    """Makes an input for each tensor of a stack's states, in order."""
    widths = tf.nest.flatten(recurrence.state_widths)
    names = [f"state_{part}" for part in range(len(widths))]
    return {
        name: keras.Input([width], name=name) for name, width in zip(names, widths, strict=True)
    }
