"""Skip-thought: one encoder reads a sentence, two decoders tell the one before and the next."""

from typing import Any

import keras
import tensorflow as tf

from zoo.checks import check_choice, check_counts, check_share
from zoo.recurrence.cell_config import CellInConfig, cell_to_config
from zoo.recurrence.stack import RecurrentStack
from zoo.topologies.bridge import Bridge
from zoo.topologies.cell_places import share_out
from zoo.topologies.checked_length import CheckedLength
from zoo.topologies.context_decoder import ContextDecoder
from zoo.topologies.embeddings import start_from, token_embedding
from zoo.topologies.one_to_n import AllReal
from zoo.topologies.pooling import POOLINGS, Pooling
from zoo.topologies.registry import builder
from zoo.topologies.token_dropout import TokenDropout


@builder("skip_thought")
def skip_thought(
    vocabulary_size: int,
    units: int = 128,
    embedding_dim: int = 64,
    target_embedding_dim: int | None = None,
    cell: Any = "gru",
    num_layers: int = 1,
    bidirectional: bool = False,
    pooling: str = "last",
    tie_embeddings: bool = False,
    dropout: float = 0.0,
    token_dropout: float = 0.0,
    word_vectors: Any = None,
    train_embedding: bool = True,
    target_word_vectors: Any = None,
    train_target_embedding: bool = True,
) -> keras.Model:
    """Builds sentence vectors from their neighbours (Kiros et al. 2015).

    The vector h of a sentence is all that the two decoders see of it: it makes their first states
    and enters their every step. They share E and V, the target embedding and the output; the loss
    is the sum of both.

    Args:
        vocabulary_size: Number of token ids, of all three sentences.
        units: Width of a cell, in each direction.
        embedding_dim: Width of the encoder's token embedding.
        target_embedding_dim: Width of E; None: as wide as the encoder's.
        cell: A cell's registered name, or a list with a cell object for each layer and direction:
            the encoder's, then those of the previous and the next sentence.
        num_layers: Recurrent layers of the encoder; a decoder has one.
        bidirectional: Whether the encoder reads both ways.
        pooling: "last", "mean", "max", "mean_max" or "attention": how h comes of the
            encoder's outputs.
        tie_embeddings, dropout: See `ContextDecoder`.
        token_dropout: Share of the decoders' tokens that training reads as unknown: what a decoder
            may not read it has to learn from h (Bowman et al. 2016, section 3.1).
        word_vectors, train_embedding: settings of the embedding of the encoder; see
            `token_embedding`.
        target_word_vectors, train_target_embedding: The same of the decoders' E.

    Returns:
        A functional model. Inputs: `source` int [B, N] and `source_length` int [B], the sentence;
        `previous` int [B, P] and `next` int [B, Q], its neighbours as fed to the decoders under
        teacher forcing. Outputs: `previous_logits` [B, P, vocabulary_size], `next_logits` [B, Q,
        vocabulary_size] and `vector` [B, D], with D = units (twice that in two directions, and
        twice that again with "mean_max"). Its
        layer "encoder" (source, source_length -> vector, memory, mask, cells) gives the vectors
        alone; layer "decoders" has `previous` and `next`, each a `ContextDecoder`.

    Raises:
        InputError: an unknown cell or pooling, or numbers that do not fit.
    """
    check_counts(vocabulary_size=vocabulary_size, units=units, embedding_dim=embedding_dim)
    target_embedding_dim = embedding_dim if target_embedding_dim is None else target_embedding_dim
    check_counts(num_layers=num_layers, target_embedding_dim=target_embedding_dim)
    check_share("dropout", dropout)
    check_share("token_dropout", token_dropout)
    check_choice("pooling", pooling, POOLINGS)
    directions = 2 if bidirectional else 1
    cells = share_out(cell, encoder=num_layers * directions, decoders=2)
    decoders = NeighbourDecoders(
        vocabulary_size,
        units,
        target_embedding_dim,
        cells["decoders"],
        tie_embeddings,
        train_target_embedding,
        dropout,
        token_dropout,
        name="decoders",
    )
    start_from(decoders.next.embedding, target_word_vectors, train_target_embedding, "target_")
    embedding = token_embedding(
        vocabulary_size,
        embedding_dim,
        word_vectors=word_vectors,
        train_embedding=train_embedding,
    )
    recurrence = RecurrentStack(
        cells["encoder"],
        units,
        num_layers,
        bidirectional=bidirectional,
        dropout=dropout,
        name="recurrence",
    )
    encoder = _encoder(
        embedding,
        recurrence,
        Pooling(pooling, bidirectional, name="pooling"),
        Bridge("zero", decoders.next.stack.state_widths, name="bridge"),
    )
    inputs = {
        "source": keras.Input([None], dtype="int32", name="source"),
        "source_length": keras.Input([], dtype="int32", name="source_length"),
        "previous": keras.Input([None], dtype="int32", name="previous"),
        "next": keras.Input([None], dtype="int32", name="next"),
    }
    encoded = encoder({key: inputs[key] for key in ("source", "source_length")})
    outputs = decoders(
        inputs["previous"], inputs["next"], encoded["cells"], encoded["memory"], encoded["mask"]
    )
    return keras.Model(inputs, {**outputs, "vector": encoded["vector"]}, name="skip_thought")


def _encoder(embedding, recurrence, pooling, bridge) -> keras.Model:
    source = keras.Input([None], dtype="int32", name="source")
    given = keras.Input([], dtype="int32", name="source_length")
    length = CheckedLength(name="checked_source_length")(given, source)
    hidden, _ = recurrence(embedding(source), length)
    vector = pooling(hidden, length)
    memory = keras.layers.Reshape([1, vector.shape[-1]], name="memory")(vector)
    return keras.Model(
        {"source": source, "source_length": given},
        {
            "vector": vector,
            "memory": memory,
            "mask": AllReal(name="mask")(memory),
            "cells": bridge(vector),
        },
        name="encoder",
    )


@keras.saving.register_keras_serializable(package="zoo")
class NeighbourDecoders(CellInConfig, keras.layers.Layer):
    """Two decoders of one vector that share their embedding and their output.

    Args:
        vocabulary_size, units, embedding_dim, cell: See `ContextDecoder`.
        tie_embeddings, train_embedding, dropout: See `ContextDecoder`.
        token_dropout: Share of the tokens fed in that training reads as unknown.

    Call arguments:
        previous_targets, next_targets: int [B, P] and [B, Q], the tokens fed in.
        cells, memory, memory_mask: See `ContextDecoder`; the memory is the vector, [B, 1, D].

    Returns:
        A dict of previous_logits [B, P, vocabulary_size] and next_logits [B, Q, vocabulary_size].

    Attributes:
        previous, next: The decoders, each a `ContextDecoder`.
    """

    def __init__(
        self,
        vocabulary_size: int,
        units: int,
        embedding_dim: int,
        cell: Any = "gru",
        tie_embeddings: bool = False,
        train_embedding: bool = True,
        dropout: float = 0.0,
        token_dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.token_dropout = TokenDropout(token_dropout, name="token_dropout")
        self._config = {
            "vocabulary_size": vocabulary_size,
            "units": units,
            "embedding_dim": embedding_dim,
            "cell": cell_to_config(cell),
            "tie_embeddings": tie_embeddings,
            "train_embedding": train_embedding,
            "dropout": dropout,
        }
        cells = share_out(cell, previous=1, next=1)
        settings = {**self._config, "injection": "both"}
        self.next = ContextDecoder(**{**settings, "cell": cells["next"]}, name="next")
        self.previous = ContextDecoder(
            **{**settings, "cell": cells["previous"]}, tokens_of=self.next, name="previous"
        )

    def build(
        self,
        previous_targets_shape,
        next_targets_shape,
        cells_shape,
        memory_shape,
        memory_mask_shape=None,
    ):
        self.next.build(next_targets_shape, cells_shape, memory_shape)
        self.previous.build(previous_targets_shape, cells_shape, memory_shape)

    def compute_output_spec(
        self, previous_targets, next_targets, cells, memory, memory_mask=None, training=None
    ):
        return {
            "previous_logits": self._spec(previous_targets),
            "next_logits": self._spec(next_targets),
        }

    def _spec(self, targets):
        size = self._config["vocabulary_size"]
        return keras.KerasTensor((*targets.shape, size), self.compute_dtype)

    def call(self, previous_targets, next_targets, cells, memory, memory_mask=None, training=None):
        if memory_mask is None:
            memory_mask = tf.ones(tf.shape(memory)[:2], tf.bool)
        read = (cells, memory, memory_mask)
        previous, following = (
            self.token_dropout(targets, training=training)
            for targets in (previous_targets, next_targets)
        )
        return {
            "previous_logits": self.previous(previous, *read, training=training)["logits"],
            "next_logits": self.next(following, *read, training=training)["logits"],
        }

    def get_config(self):
        rate = self.token_dropout.rate
        return {**super().get_config(), **self._config, "token_dropout": rate}
