"""A recurrent decoder with one context for all its steps: one step, and that over a target."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from zoo.checks import check_choice
from zoo.errors import InputError
from zoo.recurrence.cell_config import CellInConfig, cell_to_config
from zoo.recurrence.stack import RecurrentStack
from zoo.topologies.embeddings import token_embedding
from zoo.topologies.output_head import OUTPUT_HEADS, token_head
from zoo.topologies.pooling import Pooling

CONTEXTS = ("last", "transform_last", "transform_all")
INJECTIONS = ("initial_state", "every_step", "both", "first_step")


class Context(NamedTuple):
    """What every step of a context decoder reads.

    Attributes:
        vector: float [B, C], the context c.
        mask: bool [B, N], which positions of the memory it was made of are real.
    """

    vector: Any
    mask: Any


class ContextState(NamedTuple):
    """What one step of a context decoder hands to the next.

    Attributes:
        cells: The recurrent states, a tuple with one entry a layer.
        pending: [B, C], the context where it has yet to be read (injection "first_step"), zeros
            after that; () for the other injections.
        alignment: [B, N], zeros: one context for all steps points nowhere. It is there so that
            what drives an attention decoder drives this one.
    """

    cells: tuple
    pending: Any
    alignment: Any


@keras.saving.register_keras_serializable(package="zoo")
class ContextDecoder(CellInConfig, keras.layers.Layer):
    """One step of a decoder whose context c is the same at every step.

        c = h_N                          context "last"
        c = tanh(W h_N + b)              "transform_last" (Cho et al. 2014)
        c = tanh(W g(h_1 ... h_N) + b)   "transform_all", g a pooling

        s_0 = tanh(W' c + b'), or given  injection "initial_state" and "both"
        s_i = cell([E y_{i-1}; c], .)    "every_step" and "both"
        s_1 = cell([E y_0; c], 0), later s_i = cell([E y_{i-1}; 0], .)          "first_step"

    and the logits are, by the output head,

        "plain"      V s_i + b
        "token"      V tanh(W [s_i; c; E y_{i-1}] + d) + b
        "maxout"     V maxout(W [s_i; c; E y_{i-1}] + d) + b    (Cho et al. 2014, appendix A.1.2)

    `step` is used as it is by every decoding strategy. `call` scores a known target: no step's
    input depends on what the model says, so it runs each layer once over the whole target, with
    the same numbers.

    Without feedback no token is fed, and E y_{i-1} is left out of all of these: the states follow
    from c alone, s_i = cell(c, s_{i-1}) with "every_step", s_1 = cell(c, 0) and later s_i =
    cell(0, s_{i-1}) with "first_step". With "initial_state" a step reads a one, whose weights act
    as a bias. What is written at one step is then not heard of at the next.

    Args:
        vocabulary_size: Number of target tokens.
        units: Width of the cells and of a transformed context.
        embedding_dim: Width of a token's embedding.
        cell: A cell's registered name, or a cell object for each layer. Defaults to "lstm".
        num_layers: Defaults to 1.
        context: "last", "transform_last" or "transform_all".
        injection: "initial_state", "every_step", "both" or "first_step".
        pooling: g: "mean", "max" or "attention"; see `Pooling`.
        bidirectional_memory: Whether the memory has two halves, forward and backward.
        given_cells: Whether s_0 is what comes in as `cells`, rather than made of c.
        output_head: "plain", "token" or "maxout": what the logits are read from.
        feedback: Whether each step reads a token. Without it `targets` says how many steps there
            are, and its tokens are not read; there is no E, and embedding_dim is not used.
        tie_embeddings: Whether V is E: logits = (P s_i) E^T, P a projection to embedding_dim.
        train_embedding: Whether training changes E; see `start_from` for values.
        dropout: Share dropped of the layers' inputs and of s_i before V, in training.
        tokens_of: Another decoder whose E and V are used here too; it is not saved with this one.

    Call arguments:
        targets: int [B, M], the tokens fed in (the start token first).
        cells: The recurrent states to start from (a bridge's output).
        memory: [B, N, D], the encoder's outputs.
        memory_mask: bool [B, N], which of them are real (on the left); None: all.

    Returns:
        A dict of logits [B, M, vocabulary_size].

    Raises:
        InputError: an unknown context, injection, pooling, output head or cell; an output head
            that reads tokens, or tied embeddings, where no token is fed.
    """

    def __init__(
        self,
        vocabulary_size: int,
        units: int,
        embedding_dim: int,
        cell: Any = "lstm",
        num_layers: int = 1,
        context: str = "last",
        injection: str = "initial_state",
        pooling: str = "attention",
        bidirectional_memory: bool = False,
        given_cells: bool = False,
        output_head: str = "plain",
        feedback: bool = True,
        tie_embeddings: bool = False,
        train_embedding: bool = True,
        dropout: float = 0.0,
        tokens_of: "ContextDecoder | None" = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_choice("context", context, CONTEXTS)
        check_choice("injection", injection, INJECTIONS)
        check_choice("pooling", pooling, ("mean", "max", "attention"))
        check_choice("output_head", output_head, OUTPUT_HEADS)
        if not feedback and (output_head != "plain" or tie_embeddings):
            raise InputError(
                f"feedback=False feeds no token, but output_head={output_head!r} and "
                f"tie_embeddings={tie_embeddings} would read one; take output_head='plain' and "
                "tie_embeddings=False, or feedback=True"
            )
        self._config = {
            "vocabulary_size": vocabulary_size,
            "units": units,
            "embedding_dim": embedding_dim,
            "cell": cell_to_config(cell),
            "num_layers": num_layers,
            "context": context,
            "injection": injection,
            "pooling": pooling,
            "bidirectional_memory": bidirectional_memory,
            "given_cells": given_cells,
            "output_head": output_head,
            "feedback": feedback,
            "tie_embeddings": tie_embeddings,
            "train_embedding": train_embedding,
            "dropout": dropout,
        }
        self.vocabulary_size, self.units = vocabulary_size, units
        self.injection, self.feedback = injection, feedback
        self.stack = RecurrentStack(
            cell, units, num_layers=num_layers, dropout=dropout, name="recurrence"
        )
        self.pooling = Pooling(
            pooling if context == "transform_all" else "last", bidirectional_memory, name="pooling"
        )
        self.transform = None
        if context != "last":
            self.transform = keras.layers.Dense(units, "tanh", name="transform")
        self.starts = []
        if injection in ("initial_state", "both") and not given_cells:
            self.starts = [
                keras.layers.Dense(width, "tanh", name=f"initial_state_{part}")
                for part, width in enumerate(tf.nest.flatten(self.stack.state_widths))
            ]
        self.combine = None
        if output_head != "plain":
            self.combine = token_head(output_head, units, name="combine")
        self.dropout = keras.layers.Dropout(dropout)
        if tokens_of is not None:
            self.embedding, self.narrow = tokens_of.embedding, tokens_of.narrow
            self.output_projection = tokens_of.output_projection
            return
        self.embedding = None
        if feedback:
            self.embedding = token_embedding(vocabulary_size, embedding_dim, tied=tie_embeddings)
            self.embedding.trainable = train_embedding
        self.narrow = self.output_projection = None
        if tie_embeddings:
            self.narrow = keras.layers.Dense(embedding_dim, name="narrow")
        else:
            self.output_projection = keras.layers.Dense(vocabulary_size, name="output_projection")

    def build(self, targets_shape, cells_shape, memory_shape, memory_mask_shape=None):
        context = memory_shape[-1]
        self.pooling.build(memory_shape)
        if self.transform is not None:
            self.transform.build((None, context))
            context = self.transform.units
        for start in self.starts:
            start.build((None, context))
        token = self.embedding.output_dim if self.feedback else 0
        read = context if self.injection != "initial_state" else 0
        self.stack.build((None, None, token + read or 1))
        top = self.stack.output_size
        if self.combine is not None:
            self.combine.build((None, top + context + token))
            top = self.units
        # Another decoder may have built them, or word vectors may stand in them already.
        for layer, shape in (
            (self.embedding, (None, None)),
            (self.narrow, (None, top)),
            (self.output_projection, (None, top)),
        ):
            if layer is not None and not layer.built:
                layer.build(shape)

    def compute_output_spec(self, targets, cells, memory, memory_mask=None, training=None):
        shape = (*targets.shape, self.vocabulary_size)
        return {"logits": keras.KerasTensor(shape, self.compute_dtype)}

    def prepare(self, memory, memory_mask=None) -> Context:
        """Computes once what every step needs of the memory: the context."""
        if memory_mask is None:
            memory_mask = tf.ones(tf.shape(memory)[:2], tf.bool)
        length = tf.reduce_sum(tf.cast(memory_mask, tf.int32), 1)
        vector = self.pooling(memory, length)
        return Context(vector if self.transform is None else self.transform(vector), memory_mask)

    def get_initial_state(self, cells, memory: Context) -> ContextState:
        """Returns the state before the first step, from the given states or from the context."""
        parts = [start(memory.vector) for start in self.starts] or tf.nest.flatten(cells)
        return ContextState(
            # A functional model hands nested outputs on, but a loaded one has lists for tuples.
            cells=tf.nest.pack_sequence_as(self.stack.state_widths, parts),
            pending=memory.vector if self.injection == "first_step" else (),
            alignment=tf.zeros(tf.shape(memory.mask), self.compute_dtype),
        )

    def step(self, tokens, state: ContextState, memory: Context, training=None):
        """Runs one step: int tokens [B] -> (logits [B, vocabulary_size], next state)."""
        embedded, read, pending = self._embed(tokens), None, state.pending
        if self.injection == "first_step":
            read, pending = pending, tf.zeros_like(pending)
        elif self.injection != "initial_state":
            read = memory.vector
        inputs = self._inputs(tokens, embedded, read)
        hidden, cells = self.stack.step(inputs, state.cells, training=training)
        logits = self._head(hidden, memory.vector, embedded, training)
        return logits, ContextState(cells, pending, state.alignment)

    def hidden(self, state: ContextState):
        """Returns the last layer's output [B, units] of a state."""
        return self.stack.output_in(state.cells)

    def record(self, state: ContextState) -> dict:
        """Returns what `call` hands out of each step's state beside the logits: nothing."""
        return {}

    def call(self, targets, cells, memory, memory_mask=None, training=None):
        memory = self.prepare(memory, memory_mask)
        state = self.get_initial_state(cells, memory)
        embedded, read, steps = self._embed(targets), None, tf.shape(targets)[1]
        context = tf.repeat(memory.vector[:, None], steps, axis=1)  # [B, M, C]
        if self.injection == "first_step":
            first = tf.range(steps) == 0
            read = tf.where(first[:, None], context, tf.zeros_like(context))
        elif self.injection != "initial_state":
            read = context
        inputs = self._inputs(targets, embedded, read)
        hidden, _ = self.stack(inputs, initial_state=state.cells, training=training)
        return {"logits": self._head(hidden, context, embedded, training)}

    def _embed(self, tokens):
        return self.embedding(tokens) if self.feedback else None

    def _inputs(self, tokens, embedded, read):
        """What a step of the recurrence reads: the fed token, what of the context it is given."""
        parts = [part for part in (embedded, read) if part is not None]
        if not parts:
            return tf.ones(tf.concat([tf.shape(tokens), [1]], 0), self.compute_dtype)
        return tf.concat(parts, -1)

    def _head(self, hidden, context, embedded, training):
        if self.combine is not None:
            hidden = self.combine(tf.concat([hidden, context, embedded], -1))
        hidden = self.dropout(hidden, training=training)
        if self.narrow is None:
            return self.output_projection(hidden)
        return self.embedding(self.narrow(hidden), reverse=True)

    def get_config(self):
        return {**super().get_config(), **self._config}
