"""A language model of the N-to-N topology as a decoder: one token in, the next one's logits out."""

from typing import Any

import keras
import tensorflow as tf

from zoo.errors import InputError


class TokenStep:
    """The step of an `n_to_n` model over tokens, by the model's own layers and weights.

    `step(tokens, state, memory) -> (logits, state)` is what every strategy of `zoo.decoding`
    unrolls; `sequence` gives the same numbers for many tokens at once. The state is a flat tuple of
    tensors [B, width], in the order of the model's `state_0`, `state_1`, ....

    Args:
        model: What `n_to_n` built, or that loaded from a file; with or without `state_inputs`.

    Raises:
        InputError: the model reads features, both ways, or has a chain of tags on top.

    Attributes:
        state_names: "state_0", "state_1", ...
        state_widths: The width of each.
        variables: The model's.

    Example:

    >>> from zoo.decoding import greedy_search
    >>> from zoo.topologies.n_to_n import n_to_n
    >>> one = TokenStep(n_to_n(9, vocabulary_size=9, units=4))
    >>> state = one.get_initial_state(2)
    >>> greedy_search(one.step, state, None, start_id=2, stop_id=3, max_length=5).lengths.shape
    TensorShape([2])
    """

    def __init__(self, model: keras.Model):
        layers = {layer.name: layer for layer in model.layers}
        if "embedding" not in layers or "recurrence" not in layers or "features" in layers:
            raise InputError(
                f"model {model.name!r} has no step over tokens; expected n_to_n with "
                f"vocabulary_size and without num_features"
            )
        if "crf" in layers:
            raise InputError("n_to_n with crf scores whole sequences of tags; it has no step")
        self.embedding, self.recurrence = layers["embedding"], layers["recurrence"]
        if self.recurrence.bidirectional:
            raise InputError(
                "a bidirectional n_to_n reads what follows each token, so it cannot go on from "
                "what came before; build it with bidirectional=False"
            )
        self.variables = list(model.variables)
        self.dropout = layers["dropout"]
        self.narrow = layers.get("narrow")
        self.output_projection = layers.get("output_projection")
        self._structure = self.recurrence.state_widths
        self.state_widths = tuple(tf.nest.flatten(self._structure))
        self.state_names = tuple(f"state_{part}" for part in range(len(self.state_widths)))

    def get_initial_state(self, batch_size: int | tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Returns zeros, the state before a sequence."""
        return tuple(tf.nest.flatten(self.recurrence.get_initial_state(batch_size)))

    def step(self, tokens, state, memory: Any = None, training: bool | None = None):
        """Runs one step.

        Args:
            tokens: int [B].
            state: state from `get_initial_state` or from another step.
            memory: Not read; it is there for the strategies.
            training: Whether to drop.

        Returns:
            The logits [B, K] of what comes next, and the next state.
        """
        before = tf.nest.pack_sequence_as(self._structure, list(state))
        hidden, after = self.recurrence.step(self.embedding(tokens), before, training=training)
        return self._head(hidden, training), tuple(tf.nest.flatten(after))

    def sequence(self, tokens, length, state, training: bool | None = None):
        """Runs many steps at once: the numbers of as many calls of `step`.

        Args:
            tokens: int [B, N].
            length: int [B], the real tokens of each row.
            state: Before the first token.
            training: Whether to drop.

        Returns:
            The logits [B, N, K], which past a row's length say nothing, and the state after each
            row's last real token; a row of length zero keeps its state.
        """
        before = tf.nest.pack_sequence_as(self._structure, list(state))
        hidden, after = self.recurrence(self.embedding(tokens), length, before, training=training)
        return self._head(hidden, training), tuple(tf.nest.flatten(after))

    def _head(self, hidden, training):
        hidden = self.dropout(hidden, training=training)
        if self.narrow is None:
            return self.output_projection(hidden)
        return self.embedding(self.narrow(hidden), reverse=True)
