"""Greedy search."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from zoo.decoding.decoded import Decoded
from zoo.decoding.extensions import most_probable
from zoo.decoding.single_hypothesis import single_hypothesis_search
from zoo.decoding.step import Step
from zoo.decoding.strategies import strategies


@strategies.register("greedy")
def greedy_search(
    step: Step,
    state: Any,
    memory: Any,
    *,
    start_id: int | tf.Tensor,
    stop_id: int | None,
    max_length: int | tf.Tensor,
    min_length: int | tf.Tensor = 0,
    forbidden_ids: Sequence[int] = (),
    pad_id: int = 0,
    record: Callable[[Any], Any] | None = None,
) -> Decoded:
    """Takes the most probable next token at every step.

    The whole loop is in the graph; it ends when every row has ended. It compiles under XLA where
    `max_length` is a Python integer.

    Args:
        step: `(tokens int32 [B], state, memory) -> (logits [B, V], next state)`.
        state: The initial state, a nest of tensors [B, ...].
        memory: What the step reads and never changes, a nest of tensors [B, ...].
        start_id: The token that is fed first: an id, or int32 [B].
        stop_id: The token that ends a sequence; None where only `max_length` does.
        max_length: The most tokens of a sequence: an integer, an int32 scalar tensor, or int32
            [B].
        min_length: The fewest tokens before the stop token.
        forbidden_ids: Ids that are never produced, such as those of start and padding.
        pad_id: What fills `tokens` after a sequence's end.
        record: `state -> nest of tensors [B, ...]`, called after each step: attention weights,
            for one.

    Returns:
        A `Decoded`: tokens int32 [B, T], lengths [B], scores [B] and log_probabilities [B] (the
        same here), finished [B], record [B, T, ...].

    Raises:
        InputError: A setting cannot be used, or the step breaks its contract.

    Example:

    >>> def count_up(tokens, state, memory):
    ...     return tf.one_hot(tokens + 1, 5), state
    >>> found = greedy_search(
    ...     count_up, tf.zeros([1, 1]), None, start_id=0, stop_id=4, max_length=10
    ... )
    >>> found.tokens[0, : found.lengths[0]].numpy().tolist()
    [1, 2, 3]
    """
    return single_hypothesis_search(
        step,
        state,
        memory,
        lambda logits, index: most_probable(logits),
        start_id=start_id,
        stop_id=stop_id,
        max_length=max_length,
        min_length=min_length,
        forbidden_ids=forbidden_ids,
        pad_id=pad_id,
        record=record,
    )
