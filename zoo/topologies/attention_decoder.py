"""A recurrent decoder that attends: one step, and the same step over a known target."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from zoo import attention as attentions
from zoo.attention import Memory
from zoo.decoding.unroll import teacher_forcing
from zoo.errors import InputError
from zoo.recurrence.stack import RecurrentStack

QUERIES = ("current", "previous")


class DecoderState(NamedTuple):
    """What one step of an attention decoder hands to the next.

    Attributes:
        cells: The recurrent states, a tuple with one entry a layer.
        attention: The attention's own state; () for the kinds that have none.
        output: The attentional output of the last step, [B, units]: what input feeding feeds.
        alignment: The attention weights of the last step, [B, N].
    """

    cells: tuple
    attention: Any
    output: Any
    alignment: Any


@keras.saving.register_keras_serializable(package="zoo")
class AttentionDecoder(keras.layers.Layer):
    """One step of a decoder with attention: (token, state, memory) -> (logits, next state).

    With query "current" (Luong et al. 2015), the recurrence runs first and its new output asks:

        s_i = cell([E y_{i-1}; o_{i-1}], s_{i-1})        o_{i-1} only with input feeding
        c_i, a_i = attention(s_i, memory)

    With query "previous" (Bahdanau et al. 2014), the last output asks and the context enters the
    recurrence:

        c_i, a_i = attention(s_{i-1}, memory)
        s_i = cell([E y_{i-1}; c_i; o_{i-1}], s_{i-1})

    and in both o_i = tanh(W [s_i; c_i]), logits = V o_i + b. `step` is used as it is by every
    decoding strategy. `call` scores a known target: where a step's input does not depend on the
    attention (query "current", no input feeding, an attention that takes a sequence of queries)
    it runs the recurrence over the whole target and the attention for all steps at once, with the
    same numbers; elsewhere it unrolls `step`.

    Args:
        vocabulary_size: Number of target tokens.
        units: Width of the cells and of the attentional output.
        embedding_dim: Width of a token's embedding.
        cell: A cell's registered name. Defaults to "lstm".
        num_layers: Defaults to 1.
        attention: A registered name. Defaults to "additive".
        attention_units: Width in which query and memory are compared; defaults to `units`.
        query: "current" or "previous".
        input_feeding: Defaults to False.
        dropout: Share dropped of the embeddings, between the layers, and of the attentional
            output, in training.

    Call arguments:
        targets: int [B, M], the tokens fed in (the start token first).
        cells: The recurrent states to start from (a bridge's output).
        memory: [B, N, D], the encoder's outputs.
        memory_mask: bool [B, N], which of them are real.

    Returns:
        A dict of logits [B, M, vocabulary_size] and alignment [B, M, N].
    """

    def __init__(
        self,
        vocabulary_size: int,
        units: int,
        embedding_dim: int,
        cell: str = "lstm",
        num_layers: int = 1,
        attention: str = "additive",
        attention_units: int | None = None,
        query: str = "current",
        input_feeding: bool = False,
        dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if query not in QUERIES:
            raise InputError(f"unknown query {query!r}; expected one of {', '.join(QUERIES)}")
        self._config = {
            "vocabulary_size": vocabulary_size,
            "units": units,
            "embedding_dim": embedding_dim,
            "cell": cell,
            "num_layers": num_layers,
            "attention": attention,
            "attention_units": attention_units,
            "query": query,
            "input_feeding": input_feeding,
            "dropout": dropout,
        }
        self.units, self.query, self.input_feeding = units, query, input_feeding
        self.embedding = keras.layers.Embedding(vocabulary_size, embedding_dim, name="embedding")
        self.stack = RecurrentStack(
            cell, units, num_layers=num_layers, dropout=dropout, name="recurrence"
        )
        self.attention = attentions.get(attention, attention_units or units)
        self.combine = keras.layers.Dense(units, "tanh", use_bias=False, name="combine")
        self.dropout = keras.layers.Dropout(dropout)
        self.output_projection = keras.layers.Dense(vocabulary_size, name="output_projection")

    def build(self, targets_shape, cells_shape, memory_shape, memory_mask_shape=None):
        query, context = self.stack.output_size, memory_shape[-1]
        width = self.embedding.output_dim
        width += self.units if self.input_feeding else 0
        width += context if self.query == "previous" else 0
        self.embedding.build((None, None))
        self.stack.build((None, None, width))
        if self.query == "previous":
            query = tf.nest.flatten(self.stack.state_widths[-1])[0]
        # One step on zeros lets every kind of attention check and build what it needs.
        memory = self.attention.memory(tf.zeros([1, 2, context], self.compute_dtype))
        self.attention(tf.zeros([1, query], self.compute_dtype), memory)
        self.combine.build((None, self.stack.output_size + context))
        self.output_projection.build((None, self.units))

    def compute_output_spec(self, targets, cells, memory, memory_mask=None, training=None):
        batch, steps = targets.shape
        size, length = self.output_projection.units, memory.shape[1]
        return {
            "logits": keras.KerasTensor((batch, steps, size), self.compute_dtype),
            "alignment": keras.KerasTensor((batch, steps, length), self.compute_dtype),
        }

    @property
    def attends_at_once(self) -> bool:
        """Whether the attention of all steps can be computed after the whole recurrence."""
        return (
            self.query == "current" and not self.input_feeding and self.attention.accepts_sequences
        )

    def prepare(self, memory, memory_mask=None) -> Memory:
        """Computes once what every step needs of the memory: `Memory` with projected keys."""
        return self.attention.memory(memory, memory_mask)

    def get_initial_state(self, cells, memory: Memory) -> DecoderState:
        """Returns the state before the first step, starting from the given recurrent states."""
        batch, length = tf.shape(memory.values)[0], tf.shape(memory.values)[1]
        # A functional model hands nested outputs on, but a loaded one has lists for tuples.
        cells = tf.nest.pack_sequence_as(self.stack.state_widths, tf.nest.flatten(cells))
        return DecoderState(
            cells=cells,
            attention=self.attention.get_initial_state(batch, length, self.compute_dtype),
            output=tf.zeros([batch, self.units], self.compute_dtype),
            alignment=tf.zeros([batch, length], self.compute_dtype),
        )

    def step(self, tokens, state: DecoderState, memory: Memory, training=None):
        """Runs one step: int tokens [B] -> (logits [B, vocabulary_size], next state)."""
        inputs = [self.embedding(tokens)]
        if self.input_feeding:
            inputs.append(state.output)
        if self.query == "previous":
            query = tf.nest.flatten(state.cells[-1])[0]
            context, weights, following = self.attention(
                query, memory, state.attention, training=training
            )
            inputs.append(context)
        hidden, cells = self.stack.step(tf.concat(inputs, -1), state.cells, training=training)
        if self.query == "current":
            context, weights, following = self.attention(
                hidden, memory, state.attention, training=training
            )
        logits, output = self._head(hidden, context, training)
        return logits, DecoderState(cells, following, output, weights)

    def call(self, targets, cells, memory, memory_mask=None, training=None):
        memory = self.prepare(memory, memory_mask)
        state = self.get_initial_state(cells, memory)
        if self.attends_at_once:
            hidden, _ = self.stack(
                self.embedding(targets), initial_state=state.cells, training=training
            )
            context, weights, _ = self.attention(hidden, memory, training=training)
            logits, _ = self._head(hidden, context, training)
            return {"logits": logits, "alignment": weights}
        logits, weights = teacher_forcing(
            lambda *step: self.step(*step, training=training),
            state,
            memory,
            targets,
            record=lambda state: state.alignment,
        )
        return {"logits": logits, "alignment": weights}

    def _head(self, hidden, context, training):
        output = self.combine(tf.concat([hidden, context], -1))
        return self.output_projection(self.dropout(output, training=training)), output

    def get_config(self):
        return {**super().get_config(), **self._config}
