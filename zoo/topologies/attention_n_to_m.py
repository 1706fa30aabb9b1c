"""N to M with attention: an encoder, a bridge, and a decoder that looks back at every step."""

import keras
import tensorflow as tf

from zoo.errors import InputError
from zoo.recurrence.stack import RecurrentStack
from zoo.topologies.attention_decoder import AttentionDecoder
from zoo.topologies.bridge import Bridge
from zoo.topologies.registry import builder


@builder("attention_n_to_m")
def attention_n_to_m(
    source_vocabulary_size: int,
    target_vocabulary_size: int,
    units: int = 128,
    embedding_dim: int = 64,
    cell: str = "lstm",
    encoder_layers: int = 1,
    decoder_layers: int = 1,
    bidirectional: bool = True,
    bridge: str = "dense",
    attention: str = "additive",
    attention_units: int | None = None,
    query: str = "current",
    input_feeding: bool = False,
    dropout: float = 0.0,
) -> keras.Model:
    """Builds an encoder-decoder with attention over two token sequences.

    Args:
        source_vocabulary_size, target_vocabulary_size: Numbers of token ids.
        units: Width of a cell, in each direction.
        embedding_dim: Width of the token embeddings.
        cell: A cell's registered name.
        encoder_layers, decoder_layers: At least as many encoder as decoder layers.
        bidirectional: Whether the encoder reads both ways.
        bridge: "dense", "copy" or "zero": how the decoder's first state comes about.
        attention, attention_units, query, input_feeding: See `AttentionDecoder`.
        dropout: Share dropped of embeddings, between layers and before the output, in training.

    Returns:
        A functional model. Inputs: `source` int [B, N] and `source_length` int [B]; `target` int
        [B, M], the tokens fed to the decoder under teacher forcing. Outputs: `logits`
        [B, M, target_vocabulary_size] and `alignment` [B, M, N], zero on padding. Its layers
        "encoder" (a functional model: source, source_length -> memory, mask, cells) and "decoder"
        (an `AttentionDecoder`) are what decoding uses.

    Raises:
        InputError: an unknown cell, attention, bridge or query, or numbers that do not fit.
    """
    for name, value in {
        "source_vocabulary_size": source_vocabulary_size,
        "target_vocabulary_size": target_vocabulary_size,
        "units": units,
        "embedding_dim": embedding_dim,
        "encoder_layers": encoder_layers,
        "decoder_layers": decoder_layers,
    }.items():
        if not isinstance(value, int) or value < 1:
            raise InputError(f"{name} is {value!r}; expected a whole number of 1 or more")
    if not 0 <= dropout < 1:
        raise InputError(f"dropout is {dropout!r}; expected a share from 0 up to, not with, 1")
    decoder = AttentionDecoder(
        target_vocabulary_size,
        units,
        embedding_dim,
        cell=cell,
        num_layers=decoder_layers,
        attention=attention,
        attention_units=attention_units,
        query=query,
        input_feeding=input_feeding,
        dropout=dropout,
        name="decoder",
    )
    encoder = _encoder(
        source_vocabulary_size,
        embedding_dim,
        RecurrentStack(
            cell,
            units,
            encoder_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            name="recurrence",
        ),
        Bridge(bridge, decoder.stack.state_widths, name="bridge"),
    )
    source = keras.Input([None], dtype="int32", name="source")
    source_length = keras.Input([], dtype="int32", name="source_length")
    target = keras.Input([None], dtype="int32", name="target")
    encoded = encoder({"source": source, "source_length": source_length})
    outputs = decoder(target, encoded["cells"], encoded["memory"], encoded["mask"])
    return keras.Model(
        {"source": source, "source_length": source_length, "target": target},
        outputs,
        name="attention_n_to_m",
    )


def _encoder(vocabulary_size, embedding_dim, recurrence, bridge) -> keras.Model:
    source = keras.Input([None], dtype="int32", name="source")
    source_length = keras.Input([], dtype="int32", name="source_length")
    embedded = keras.layers.Embedding(vocabulary_size, embedding_dim, name="embedding")(source)
    memory, states = recurrence(embedded, source_length)
    mask = SequenceMask(name="mask")(source, source_length)
    return keras.Model(
        {"source": source, "source_length": source_length},
        {"memory": memory, "mask": mask, "cells": bridge(states)},
        name="encoder",
    )


@keras.saving.register_keras_serializable(package="zoo")
class SequenceMask(keras.layers.Layer):
    """bool [B, N] of which steps of tokens [B, N] are real, by lengths [B]."""

    def compute_output_spec(self, tokens, sequence_length):
        return keras.KerasTensor(tokens.shape, "bool")

    def call(self, tokens, sequence_length):
        return tf.sequence_mask(sequence_length, tf.shape(tokens)[1])
