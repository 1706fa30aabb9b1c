"""One to N from a picture: a convolutional encoder makes one vector, a decoder writes its words."""

from collections.abc import Sequence
from typing import Any

import keras

from zoo.checks import check_choice, check_counts, check_share
from zoo.recurrence.stack import RecurrentStack
from zoo.topologies.bridge import Bridge
from zoo.topologies.context_decoder import ContextDecoder
from zoo.topologies.convolutions import Convolutions
from zoo.topologies.one_to_n import INJECTIONS, AllReal
from zoo.topologies.registry import builder


@builder("captioning")
def captioning(
    height: int,
    width: int,
    vocabulary_size: int,
    num_channels: int = 1,
    filters: Sequence[int] = (16, 32),
    column_cell: Any = None,
    units: int = 128,
    embedding_dim: int = 32,
    cell: Any = "lstm",
    num_layers: int = 1,
    injection: str = "every_step",
    dropout: float = 0.0,
) -> keras.Model:
    """Builds `one_to_n` over the vector of a picture (Vinyals et al. 2015, "Show and tell").

        x = relu(W [convolved and halved len(filters) times] + b)

    Vinyals et al. let x enter at the first step only. With a `column_cell`, what was convolved is
    read column by column from both sides, and x comes of the two last states (Shi et al. 2017 read
    a line of text so): things that stand side by side at uneven places are told in their order.

    Args:
        height, width, num_channels: height, width and number of channels of the picture.
        vocabulary_size: Number of target tokens.
        filters: Channels of each convolution, 3 x 3; each is followed by a maximum over 2 x 2.
        column_cell: The registered name, or two objects, of the cell that reads the columns,
            `units` wide in each direction; None: x comes of the whole map at once.
        units: Width of x and of a cell.
        embedding_dim: Width of the token embeddings.
        cell: A cell's registered name, or a cell object for each layer.
        num_layers: Recurrent layers.
        injection: Where x enters: "first_step", "every_step" or "initial_state"; see `one_to_n`.
        dropout: Share dropped of x, of the layers' inputs and before the output, in training.

    Returns:
        A functional model. Inputs: `image` float [B, height, width, num_channels], and `target`
        int [B, M], the tokens fed in under teacher forcing. Output: `logits` [B, M,
        vocabulary_size]. Its layers "encoder" (a functional model: image -> memory, mask, cells)
        and "decoder" (a `ContextDecoder`) are what decoding uses.

    Raises:
        InputError: an unknown cell or injection, or numbers that do not fit.

    Example:

    >>> model = captioning(28, 56, vocabulary_size=14, units=8)
    >>> model({"image": np.ones([2, 28, 56, 1]), "target": np.ones([2, 3])})["logits"].shape
    TensorShape([2, 3, 14])
    """
    check_counts(height=height, width=width, num_channels=num_channels, units=units)
    check_counts(vocabulary_size=vocabulary_size, embedding_dim=embedding_dim)
    check_counts(num_layers=num_layers)
    check_share("dropout", dropout)
    check_choice("injection", injection, INJECTIONS)
    decoder = ContextDecoder(
        vocabulary_size,
        units,
        embedding_dim,
        cell=cell,
        num_layers=num_layers,
        injection=injection,
        dropout=dropout,
        name="decoder",
    )
    image = keras.Input([height, width, num_channels], name="image")
    target = keras.Input([None], dtype="int32", name="target")
    shape = (height, width, num_channels)
    encoder = _encoder(shape, filters, column_cell, units, dropout, decoder)
    encoded = encoder({"image": image})
    outputs = decoder(target, encoded["cells"], encoded["memory"], encoded["mask"])
    return keras.Model({"image": image, "target": target}, outputs, name="captioning")


def _encoder(shape, filters, column_cell, units, dropout, decoder) -> keras.Model:
    image = keras.Input(shape, name="image")
    hidden = Convolutions(filters, name="convolutions")(image)
    if column_cell is None:
        hidden = keras.layers.Flatten(name="flat")(hidden)
    else:
        rows, columns, channels = hidden.shape[1:]
        hidden = keras.layers.Permute([2, 1, 3], name="columns_first")(hidden)
        hidden = keras.layers.Reshape([columns, rows * channels], name="columns")(hidden)
        stack = RecurrentStack(
            column_cell, units, bidirectional=True, dropout=dropout, name="column_recurrence"
        )
        _, states = stack(hidden)
        ends = stack.output_in(states)
        hidden = keras.layers.Concatenate(name="ends")(ends)
    vector = keras.layers.Dense(units, "relu", name="vector")(hidden)
    vector = keras.layers.Dropout(dropout, name="vector_dropout")(vector)
    memory = keras.layers.Reshape([1, units], name="memory")(vector)
    outputs = {
        "memory": memory,
        "mask": AllReal(name="mask")(memory),
        "cells": Bridge("zero", decoder.stack.state_widths, name="bridge")(vector),
    }
    return keras.Model({"image": image}, outputs, name="encoder")
