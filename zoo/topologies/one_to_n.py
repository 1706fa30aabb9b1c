"""One to N: a vector in, a sequence out."""

from typing import Any

import keras

from zoo.checks import check_choice, check_counts, check_share
from zoo.errors import InputError
from zoo.topologies.bridge import Bridge
from zoo.topologies.context_decoder import ContextDecoder
from zoo.topologies.embeddings import start_from
from zoo.topologies.registry import builder
from zoo.topologies.target_input import target_input

INJECTIONS = ("first_step", "every_step", "initial_state")


@builder("one_to_n")
def one_to_n(
    num_features: int,
    vocabulary_size: int,
    units: int = 128,
    embedding_dim: int = 64,
    cell: Any = "lstm",
    num_layers: int = 1,
    injection: str = "every_step",
    output_head: str = "plain",
    feedback: bool = True,
    tie_embeddings: bool = False,
    dropout: float = 0.0,
    word_vectors: Any = None,
    train_embedding: bool = True,
) -> keras.Model:
    """Builds a decoder of one vector x into tokens.

    An image's features to a text, a class (as a one-hot vector) to music.

    Args:
        num_features: Width of x.
        vocabulary_size: Number of target tokens.
        units: Width of a cell.
        embedding_dim: Width of the token embeddings.
        cell: A cell's registered name, or a cell object for each layer and direction.
        num_layers: Recurrent layers.
        injection: Where x enters: as an input of the "first_step" only, of "every_step", or as
            the "initial_state", s_0 = tanh(W x + b).
        output_head: "plain", or "token" or "maxout", which read the token before and x beside the
            state; see `ContextDecoder`.
        feedback: Whether each step reads the token before. Without it the states follow from x
            alone, x at the first step or at every step, as such networks are drawn; all steps can
            be had at once, at inference too, and `target` is no input but `target_length` is.
            embedding_dim is then not used.
        tie_embeddings, dropout: See `ContextDecoder`.
        word_vectors, train_embedding: settings of the embedding of the target; see
            `token_embedding`.

    Returns:
        A functional model. Inputs: `features` float [B, num_features] and `target` int [B, M],
        the tokens fed in under teacher forcing; without feedback `target_length` int [B], the steps
        of each row, M the greatest. Output: `logits` [B, M, vocabulary_size]. Its
        layers "encoder" (a functional model: features -> memory, mask, cells) and "decoder" (a
        `ContextDecoder`) are what decoding uses.

    Raises:
        InputError: an unknown cell, injection or output head, settings of tokens where none is fed,
            or numbers that do not fit.

    Example:

    >>> model = one_to_n(num_features=3, vocabulary_size=7, units=8)
    >>> model({"features": np.ones([2, 3]), "target": np.ones([2, 5])})["logits"].shape
    TensorShape([2, 5, 7])
    """
    check_counts(num_features=num_features, units=units, num_layers=num_layers)
    check_counts(vocabulary_size=vocabulary_size, embedding_dim=embedding_dim)
    check_share("dropout", dropout)
    check_choice("injection", injection, INJECTIONS)
    if not feedback and (word_vectors is not None or not train_embedding):
        raise InputError(
            "feedback=False feeds no token: leave out word_vectors and train_embedding, or take "
            "feedback=True"
        )
    decoder = ContextDecoder(
        vocabulary_size,
        units,
        embedding_dim,
        cell=cell,
        num_layers=num_layers,
        injection=injection,
        output_head=output_head,
        feedback=feedback,
        tie_embeddings=tie_embeddings,
        train_embedding=train_embedding,
        dropout=dropout,
        name="decoder",
    )
    if feedback:
        start_from(decoder.embedding, word_vectors, train_embedding)
    features = keras.Input([num_features], name="features")
    given, target = target_input(feedback)
    encoded = _encoder(num_features, decoder)({"features": features})
    outputs = decoder(target, encoded["cells"], encoded["memory"], encoded["mask"])
    return keras.Model({"features": features, given.name: given}, outputs, name="one_to_n")


def _encoder(num_features: int, decoder: ContextDecoder) -> keras.Model:
    """A memory of one position, x; the states that it hands on are zeros."""
    features = keras.Input([num_features], name="features")
    memory = keras.layers.Reshape([1, num_features], name="memory")(features)
    outputs = {
        "memory": memory,
        "mask": AllReal(name="mask")(memory),
        "cells": Bridge("zero", decoder.stack.state_widths, name="bridge")(features),
    }
    return keras.Model({"features": features}, outputs, name="encoder")


@keras.saving.register_keras_serializable(package="zoo")
class AllReal(keras.layers.Layer):
    """bool [B, N], true throughout, for a memory [B, N, D] without padding."""

    def compute_output_spec(self, memory):
        return keras.KerasTensor(memory.shape[:2], "bool")

    def call(self, memory):
        return keras.ops.ones(keras.ops.shape(memory)[:2], "bool")
