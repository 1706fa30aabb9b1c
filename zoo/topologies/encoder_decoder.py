"""What every encoder-decoder over tokens is made of: the encoder, and the two joined."""

from typing import Any

import keras
import tensorflow as tf

from zoo.topologies.checked_length import CheckedLength
from zoo.topologies.shared_embedding import SharedEmbeddingModel
from zoo.topologies.target_input import target_input


def source_encoder(embedding, recurrence, bridge, num_features=None) -> keras.Model:
    """Builds an encoder over token ids, or over the features of each step.

    Args:
        embedding: A layer from int [B, N] to [B, N, D]; None for features.
        recurrence: A `RecurrentStack`.
        bridge: A `Bridge` to the decoder's states.
        num_features: Width of the features where there is no embedding.

    Returns:
        A functional model "encoder". Inputs: `source` int [B, N] or float [B, N, num_features],
        `source_length` int [B]. Outputs: `memory` [B, N, width], `mask` bool [B, N], `cells`, the
        decoder's first states.
    """
    if embedding is None:
        source = keras.Input([None, num_features], name="source")
    else:
        source = keras.Input([None], dtype="int32", name="source")
    source_length = keras.Input([], dtype="int32", name="source_length")
    length = CheckedLength(name="checked_source_length")(source_length, source)
    steps = source if embedding is None else embedding(source)
    memory, states = recurrence(steps, length)
    mask = SequenceMask(name="mask")(source, length)
    return keras.Model(
        {"source": source, "source_length": source_length},
        {"memory": memory, "mask": mask, "cells": bridge(states)},
        name="encoder",
    )


def encoder_decoder(encoder: keras.Model, decoder: keras.layers.Layer, name: str) -> keras.Model:
    """Joins a source encoder and a decoder that scores a known target.

    Returns:
        A functional model. Inputs: the encoder's, `source` and `source_length`, and `target` int
        [B, M], the tokens fed to the decoder (`target_length` int [B] where none are fed); for a
        decoder that copies also `copy_ids` int [B, N]. Outputs: the decoder's.
    """
    inputs = {
        name: keras.Input(given.shape[1:], dtype=given.dtype, name=name)
        for name, given in encoder.input.items()
    }
    encoded = encoder(dict(inputs))
    given, target = target_input(getattr(decoder, "feedback", True))
    inputs[given.name] = given
    copies = {}
    if getattr(decoder, "copying", False):
        inputs["copy_ids"] = keras.Input([None], dtype="int32", name="copy_ids")
        copies = {"copy_ids": inputs["copy_ids"]}
    outputs = decoder(target, encoded["cells"], encoded["memory"], encoded["mask"], **copies)
    shared = getattr(decoder, "shares_embedding", False)
    return (SharedEmbeddingModel if shared else keras.Model)(inputs, outputs, name=name)


def start_decoding(model: keras.Model, inputs: Any, training: bool = False) -> tuple[Any, Any]:
    """Runs a model's encoder; returns what its decoder's `step` starts from and reads.

    Args:
        model: With layers "encoder" and "decoder", as `attention_n_to_m`, `n_to_m` and `one_to_n`
            build them.
        inputs: The model's, by name; `target` is not read.
        training: Whether dropout is on.

    Returns:
        The state and the memory.

    Example:

    >>> import zoo
    >>> from zoo.decoding import greedy_search
    >>> model = zoo.build("n_to_m", source_vocabulary_size=9, target_vocabulary_size=7, units=8)
    >>> state, memory = start_decoding(
    ...     model, {"source": tf.constant([[4, 5]]), "source_length": tf.constant([2])})
    >>> found = greedy_search(model.get_layer("decoder").step, state, memory,
    ...                       start_id=2, stop_id=3, max_length=4)
    >>> found.tokens.shape
    TensorShape([1, 4])
    """
    encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
    encoded = encoder({name: inputs[name] for name in encoder.input}, training=training)
    copies = {"copy_ids": inputs["copy_ids"]} if getattr(decoder, "copying", False) else {}
    memory = decoder.prepare(encoded["memory"], encoded["mask"], **copies)
    return decoder.get_initial_state(encoded["cells"], memory), memory


@keras.saving.register_keras_serializable(package="zoo")
class SequenceMask(keras.layers.Layer):
    """bool [B, N] of which steps of a source [B, N, ...] are real, by lengths [B]."""

    def compute_output_spec(self, source, sequence_length):
        return keras.KerasTensor(source.shape[:2], "bool")

    def call(self, source, sequence_length):
        return tf.sequence_mask(sequence_length, tf.shape(source)[1])
