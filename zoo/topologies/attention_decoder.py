"""A recurrent decoder that attends: one step, and the same step over a known target."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from zoo import attention as attentions
from zoo.attention import HardAttention, Memory
from zoo.checks import check_choice
from zoo.decoding.unroll import teacher_forcing
from zoo.errors import InputError
from zoo.recurrence.cell_config import CellInConfig, cell_to_config
from zoo.recurrence.stack import RecurrentStack
from zoo.topologies.copying import CopyMemory, CopyOutput, copies_of
from zoo.topologies.embeddings import token_embedding
from zoo.topologies.output_head import OUTPUT_HEADS, token_head

QUERIES = ("current", "previous", "previous_output")


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
class AttentionDecoder(CellInConfig, keras.layers.Layer):
    """One step of a decoder with attention: (token, state, memory) -> (logits, next state).

    With query "current" (Luong et al. 2015), the recurrence runs first and its new output asks:

        s_i = cell([E y_{i-1}; o_{i-1}], s_{i-1})        o_{i-1} only with input feeding
        c_i, a_i = attention(s_i, memory)

    With query "previous" (Bahdanau et al. 2014), the last output of the recurrence asks, and with
    "previous_output" the last token does; the context enters the recurrence:

        c_i, a_i = attention(s_{i-1}, memory)     or     attention(E y_{i-1}, memory)
        s_i = cell([E y_{i-1}; c_i; o_{i-1}], s_{i-1})

    and in all of them logits = V o_i + b, where o_i is what the output head makes:

        "plain"      o_i = tanh(W [s_i; c_i])                      (Luong et al. 2015, equation 5)
        "token"      o_i = tanh(W [s_i; c_i; E y_{i-1}] + d)
        "maxout"     o_i = maxout(W [s_i; c_i; E y_{i-1}] + d)     (Bahdanau et al. 2014)

    The last two read the token that is fed, so that y_i is of s_i, c_i and y_{i-1}: g(y_{i-1}, s_i,
    c_i) in Bahdanau et al. 2014, equation 4. Their appendix A.2.2 writes g as this maxout, with
    s_{i-1} in the place of s_i; here it is s_i, as in their equation 4. With copying, `CopyOutput`
    makes log-probabilities over the target tokens and the source's own words of logits and a_i.

    `step` is used as it is by every decoding strategy. `call` scores a known target: where the
    attention of a step does not wait for the recurrence of the step before (query "current" or
    "previous_output", no input feeding, an attention that takes a sequence of queries) it runs
    each of the two once over the whole target, with the same numbers; elsewhere it unrolls `step`.

    Args:
        vocabulary_size: V, number of target tokens.
        units: Width of the cells and of the attentional output.
        embedding_dim: Width of a token's embedding.
        cell: A cell's registered name, or a cell object for each layer. Defaults to "lstm".
        num_layers: Defaults to 1.
        attention: A registered name. Defaults to "additive".
        attention_units: Width in which query and memory are compared; defaults to `units`. The
            kinds "dot" and "scaled_dot" have none: there the query is as wide as the memory.
        query: "current", "previous" or "previous_output".
        input_feeding: Whether o_{i-1} enters the recurrence. Defaults to False.
        output_head: "plain", "token" or "maxout": what o_i is made of.
        copying: Whether words of the source can be copied. Defaults to False.
        tie_embeddings: Whether the output's matrix is that of the embedding: logits = (P o_i) E^T,
            P a projection to embedding_dim.
        train_embedding: Whether training changes the embedding; see `start_from` for values.
        dropout: Share dropped of the embeddings, between the layers, and of the attentional
            output, in training.
        unknown_id: What is fed for a copied word that the vocabulary lacks.
        embedding: An embedding to share with an encoder, from `token_embedding` with the same sizes
            (and `tied` as here); None: one of its own.

    Call arguments:
        targets: int [B, M], the tokens fed in (the start token first). Ids from V on are fed as
            `unknown_id`.
        cells: The recurrent states to start from (a bridge's output).
        memory: [B, N, D], the encoder's outputs.
        memory_mask: bool [B, N], which of them are real.
        copy_ids: int [B, N], with copying: the output id of each source word; see `copies_of`.

    Returns:
        A dict of logits [B, M, V] and alignment [B, M, N]. With copying the logits are
        log-probabilities [B, M, V + N]. With attention "hard" also `choice_log_probability` and
        `choice_entropy` [B, M], each summed up to the step: what `reinforce_loss` needs.

    Raises:
        InputError: an unknown cell, attention, query or output head, or copying with attention
            "hard", whose weights are no probabilities.
    """

    def __init__(
        self,
        vocabulary_size: int,
        units: int,
        embedding_dim: int,
        cell: Any = "lstm",
        num_layers: int = 1,
        attention: str = "additive",
        attention_units: int | None = None,
        query: str = "current",
        input_feeding: bool = False,
        output_head: str = "plain",
        copying: bool = False,
        tie_embeddings: bool = False,
        train_embedding: bool = True,
        dropout: float = 0.0,
        unknown_id: int = 1,
        embedding: keras.layers.Embedding | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_choice("query", query, QUERIES)
        check_choice("output_head", output_head, OUTPUT_HEADS)
        self._config = {
            "vocabulary_size": vocabulary_size,
            "units": units,
            "embedding_dim": embedding_dim,
            "cell": cell_to_config(cell),
            "num_layers": num_layers,
            "attention": attention,
            "attention_units": attention_units,
            "query": query,
            "input_feeding": input_feeding,
            "output_head": output_head,
            "copying": copying,
            "tie_embeddings": tie_embeddings,
            "train_embedding": train_embedding,
            "dropout": dropout,
            "unknown_id": unknown_id,
        }
        self.units, self.query, self.input_feeding = units, query, input_feeding
        self.copying, self.unknown_id = copying, unknown_id
        self.reads_token = output_head != "plain"
        self.shares_embedding = embedding is not None
        self.embedding = embedding
        if embedding is None:
            self.embedding = token_embedding(vocabulary_size, embedding_dim, tied=tie_embeddings)
            self.embedding.trainable = train_embedding
        self.stack = RecurrentStack(
            cell, units, num_layers=num_layers, dropout=dropout, name="recurrence"
        )
        self.attention = attentions.get(attention, attention_units or units)
        if self.reads_token:
            self.combine = token_head(output_head, units, name="combine")
        else:
            self.combine = keras.layers.Dense(units, "tanh", use_bias=False, name="combine")
        self.dropout = keras.layers.Dropout(dropout)
        self.narrow = self.output_projection = self.copy_output = None
        if tie_embeddings:
            self.narrow = keras.layers.Dense(embedding_dim, name="narrow")
        else:
            self.output_projection = keras.layers.Dense(vocabulary_size, name="output_projection")
        if copying:
            if isinstance(self.attention, HardAttention):
                raise InputError(
                    "copying needs weights that are probabilities; attention 'hard' has none: take "
                    f"one of {', '.join(name for name in attentions.names() if name != 'hard')}"
                )
            self.copy_output = CopyOutput(vocabulary_size, name="copy_output")

    def build(
        self,
        targets_shape,
        cells_shape,
        memory_shape,
        memory_mask_shape=None,
        copy_ids_shape=None,
    ):
        query, context = self.stack.output_size, memory_shape[-1]
        width = self.embedding.output_dim
        width += self.units if self.input_feeding else 0
        width += context if self.query != "current" else 0
        # Word vectors may stand in it already.
        if not self.embedding.built:
            self.embedding.build((None, None))
        self.stack.build((None, None, width))
        if self.query == "previous":
            query = self.stack.output_in(self.stack.state_widths)
        elif self.query == "previous_output":
            query = self.embedding.output_dim
        # One step on zeros lets every kind of attention check and build what it needs.
        memory = self.attention.memory(tf.zeros([1, 2, context], self.compute_dtype))
        self.attention(tf.zeros([1, query], self.compute_dtype), memory)
        token = self.embedding.output_dim if self.reads_token else 0
        self.combine.build((None, self.stack.output_size + context + token))
        if self.narrow is not None:
            self.narrow.build((None, self.units))
        else:
            self.output_projection.build((None, self.units))
        if self.copying:
            size = self.embedding.input_dim
            features = context + self.stack.output_size + self.embedding.output_dim
            self.copy_output.build((None, None, size), (None, None, None), (None, None, features))

    def compute_output_spec(
        self, targets, cells, memory, memory_mask=None, copy_ids=None, training=None
    ):
        batch, steps = targets.shape
        size, length, dtype = self.embedding.input_dim, memory.shape[1], self.compute_dtype
        if self.copying:
            size, dtype = None if length is None else size + length, "float32"
        outputs = {
            "logits": keras.KerasTensor((batch, steps, size), dtype),
            "alignment": keras.KerasTensor((batch, steps, length), self.compute_dtype),
        }
        if isinstance(self.attention, HardAttention):
            for name in ("choice_log_probability", "choice_entropy"):
                outputs[name] = keras.KerasTensor((batch, steps), "float32")
        return outputs

    @property
    def attends_at_once(self) -> bool:
        """Whether attention and recurrence can each run over the whole target at once."""
        return (
            self.query != "previous" and not self.input_feeding and self.attention.accepts_sequences
        )

    @property
    def shares_memory(self) -> bool:
        """Whether several hypotheses of a row can look at one memory: see `step`."""
        stateless = self.attention.get_initial_state(1, 1) == ()
        return not self.copying and self.attention.accepts_sequences and stateless

    def prepare(self, memory, memory_mask=None, copy_ids=None) -> Memory | CopyMemory:
        """Computes once what every step needs of the memory.

        Returns:
            A `Memory` with projected keys; with copying a `CopyMemory`.

        Raises:
            InputError: copying without `copy_ids`, or these without copying.
        """
        if (copy_ids is not None) != self.copying:
            raise InputError(
                "copying needs copy_ids, the output ids of the source's words"
                if self.copying
                else "copy_ids go with copying=True"
            )
        looked_at = self.attention.memory(memory, memory_mask)
        if not self.copying:
            return looked_at
        return CopyMemory(looked_at, copies_of(copy_ids, looked_at.mask, self.embedding.input_dim))

    def get_initial_state(self, cells, memory: Memory | CopyMemory) -> DecoderState:
        """Returns the state before the first step, starting from the given recurrent states."""
        values = self._attention_memory(memory).values
        batch, length = tf.shape(values)[0], tf.shape(values)[1]
        # A functional model hands nested outputs on, but a loaded one has lists for tuples.
        cells = tf.nest.pack_sequence_as(self.stack.state_widths, tf.nest.flatten(cells))
        return DecoderState(
            cells=cells,
            attention=self.attention.get_initial_state(batch, length),
            output=tf.zeros([batch, self.units], self.compute_dtype),
            alignment=tf.zeros([batch, length], self.compute_dtype),
        )

    def step(
        self,
        tokens,
        state: DecoderState,
        memory: Memory | CopyMemory,
        training=None,
        hypotheses: int = 1,
    ):
        """Runs one step: int tokens [B] -> (logits [B, V], or [B, V + N], and the next state).

        With `hypotheses` K above 1, which needs `shares_memory`, the memory has B / K rows: row r
        belongs to the tokens from r * K on.
        """
        embedded = self._embed(tokens)
        attend = self._attend(memory, state.attention, training)
        if hypotheses > 1:
            attend = _together(attend, hypotheses)
        if self.query != "current":
            query = embedded if self.query == "previous_output" else self.hidden(state)
            context, weights, following = attend(query)
        inputs = [embedded]
        inputs += [state.output] if self.input_feeding else []
        inputs += [context] if self.query != "current" else []
        hidden, cells = self.stack.step(tf.concat(inputs, -1), state.cells, training=training)
        if self.query == "current":
            context, weights, following = attend(hidden)
        logits, output = self._head(hidden, context, embedded, training)
        if self.copying:
            parts = (logits, weights, tf.concat([context, hidden, embedded], -1))
            logits = self.copy_output(*(part[:, None] for part in parts), memory.copies)[:, 0]
        return logits, DecoderState(cells, following, output, weights)

    def hidden(self, state: DecoderState):
        """Returns the last layer's output [B, units] of a state."""
        return self.stack.output_in(state.cells)

    def record(self, state: DecoderState) -> dict:
        """Returns what `call` hands out of each step's state beside the logits."""
        recorded = {"alignment": state.alignment}
        if isinstance(self.attention, HardAttention):
            recorded["choice_log_probability"] = state.attention.log_probability
            recorded["choice_entropy"] = state.attention.entropy
        return recorded

    def call(self, targets, cells, memory, memory_mask=None, copy_ids=None, training=None):
        memory = self.prepare(memory, memory_mask, copy_ids)
        state = self.get_initial_state(cells, memory)
        if self.attends_at_once:
            return self._at_once(targets, state, memory, training)
        logits, recorded = teacher_forcing(
            lambda *step: self.step(*step, training=training),
            state,
            memory,
            targets,
            record=self.record,
        )
        return {"logits": logits, **recorded}

    def _at_once(self, targets, state, memory, training):
        inputs = embedded = self._embed(targets)
        attend = self._attend(memory, None, training)
        if self.query == "previous_output":
            context, weights, _ = attend(embedded)
            inputs = tf.concat([embedded, context], -1)
        hidden, _ = self.stack(inputs, initial_state=state.cells, training=training)
        if self.query == "current":
            context, weights, _ = attend(hidden)
        logits, _ = self._head(hidden, context, embedded, training)
        if self.copying:
            features = tf.concat([context, hidden, embedded], -1)
            logits = self.copy_output(logits, weights, features, memory.copies)
        return {"logits": logits, "alignment": weights}

    def _embed(self, tokens):
        if self.copying:
            known = tf.cast(tokens, tf.int32) < self.embedding.input_dim
            tokens = tf.where(known, tokens, tf.cast(self.unknown_id, tokens.dtype))
        return self.embedding(tokens)

    def _attention_memory(self, memory) -> Memory:
        return memory.attention_memory if self.copying else memory

    def _attend(self, memory, state, training):
        looked_at = self._attention_memory(memory)
        return lambda query: self.attention(query, looked_at, state, training=training)

    def _head(self, hidden, context, embedded, training):
        parts = [hidden, context, embedded] if self.reads_token else [hidden, context]
        output = self.combine(tf.concat(parts, -1))
        dropped = self.dropout(output, training=training)
        if self.narrow is None:
            return self.output_projection(dropped), output
        return self.embedding(self.narrow(dropped), reverse=True), output

    def get_config(self):
        config = {**super().get_config(), **self._config}
        if self.shares_embedding:
            # One object again with the encoder's when loaded: see `SharedEmbeddingModel`.
            config["embedding"] = keras.saving.serialize_keras_object(self.embedding)
        return config

    @classmethod
    def from_config(cls, config):
        if config.get("embedding") is not None:
            shared = keras.saving.deserialize_keras_object(config["embedding"])
            config = {**config, "embedding": shared}
        return super().from_config(config)


def _together(attend: Callable, hypotheses: int) -> Callable:
    """Makes rows of queries [B * K, Q] look at a memory of B rows, as K steps of each."""

    def attend_together(query):
        queries = tf.reshape(query, [-1, hypotheses, query.shape[-1]])
        context, weights, state = attend(queries)
        rows = tf.shape(query)[0]
        context = tf.reshape(context, [rows, context.shape[-1]])
        return context, tf.reshape(weights, [rows, tf.shape(weights)[-1]]), state

    return attend_together
