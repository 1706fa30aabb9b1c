"""What every encoder-decoder over tokens is made of: the encoder, and the two joined."""

import keras
import tensorflow as tf


def token_encoder(embedding, recurrence, bridge) -> keras.Model:
    """Builds an encoder over token ids.

    Args:
        embedding: A layer from int [B, N] to [B, N, D].
        recurrence: A `RecurrentStack`.
        bridge: A `Bridge` to the decoder's states.

    Returns:
        A functional model "encoder". Inputs: `source` int [B, N], `source_length` int [B].
        Outputs: `memory` [B, N, width], `mask` bool [B, N], `cells`, the decoder's first states.
    """
    source = keras.Input([None], dtype="int32", name="source")
    source_length = keras.Input([], dtype="int32", name="source_length")
    memory, states = recurrence(embedding(source), source_length)
    mask = SequenceMask(name="mask")(source, source_length)
    return keras.Model(
        {"source": source, "source_length": source_length},
        {"memory": memory, "mask": mask, "cells": bridge(states)},
        name="encoder",
    )


def encoder_decoder(encoder: keras.Model, decoder: keras.layers.Layer, name: str) -> keras.Model:
    """Joins a token encoder and a decoder that scores a known target.

    Returns:
        A functional model. Inputs: `source`, `source_length`, and `target` int [B, M], the tokens
        fed to the decoder. Outputs: the decoder's.
    """
    source = keras.Input([None], dtype="int32", name="source")
    source_length = keras.Input([], dtype="int32", name="source_length")
    target = keras.Input([None], dtype="int32", name="target")
    encoded = encoder({"source": source, "source_length": source_length})
    outputs = decoder(target, encoded["cells"], encoded["memory"], encoded["mask"])
    return keras.Model(
        {"source": source, "source_length": source_length, "target": target}, outputs, name=name
    )


@keras.saving.register_keras_serializable(package="zoo")
class SequenceMask(keras.layers.Layer):
    """bool [B, N] of which steps of tokens [B, N] are real, by lengths [B]."""

    def compute_output_spec(self, tokens, sequence_length):
        return keras.KerasTensor(tokens.shape, "bool")

    def call(self, tokens, sequence_length):
        return tf.sequence_mask(sequence_length, tf.shape(tokens)[1])
