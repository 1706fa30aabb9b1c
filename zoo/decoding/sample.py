"""Sampling."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from zoo.decoding.decoded import Decoded
from zoo.decoding.random_choice import check_sampling_settings, choose_randomly
from zoo.decoding.single_hypothesis import single_hypothesis_search
from zoo.decoding.step import Step
from zoo.decoding.strategies import strategies


@strategies.register("sample")
def sample(
    step: Step,
    state: Any,
    memory: Any,
    *,
    start_id: int | tf.Tensor,
    stop_id: int | None,
    max_length: int | tf.Tensor,
    seed: Any,
    temperature: float | tf.Tensor = 1.0,
    top_k: int | tf.Tensor = 0,
    top_p: float | tf.Tensor = 1.0,
    min_length: int | tf.Tensor = 0,
    forbidden_ids: Sequence[int] = (),
    pad_id: int = 0,
    record: Callable[[Any], Any] | None = None,
) -> Decoded:
    """Draws every next token at random from what the step says.

    See `choose_randomly` for the distribution and for the seed. The whole loop is in the graph
    and exports; it compiles under XLA where `max_length` and `top_k` are Python integers.

    Args:
        step: `(tokens int32 [B], state, memory) -> (logits [B, V], next state)`.
        state: The initial state, a nest of tensors [B, ...].
        memory: What the step reads and never changes, a nest of tensors [B, ...].
        start_id: The token that is fed first: an id, or int32 [B].
        stop_id: The token that ends a sequence; None where only `max_length` does.
        max_length: The most tokens of a sequence: an integer, an int32 scalar tensor, or int32
            [B].
        seed: int32 [2], or int32 [B, 2] for rows that do not depend on their place in the batch.
        temperature: 0 or more, a float or a float32 scalar or [B]; 0 is greedy.
        top_k: An integer, an int32 scalar or [B]; 0 keeps every token.
        top_p: Above 0 and at most 1, a float or a float32 scalar or [B]; 1 keeps every token.
        min_length: The fewest tokens before the stop token.
        forbidden_ids: Ids that are never produced, such as those of start and padding.
        pad_id: What fills `tokens` after a sequence's end.
        record: `state -> nest of tensors [B, ...]`, called after each step.

    Returns:
        A `Decoded`: tokens int32 [B, T], lengths [B], scores [B] and log_probabilities [B] (the
        same here: the model's own, before temperature, top-k and top-p), finished [B], record
        [B, T, ...].

    Raises:
        InputError: A setting cannot be used, or the step breaks its contract.

    Example:

    >>> def count_up(tokens, state, memory):
    ...     return 50.0 * tf.one_hot(tokens + 1, 5), state
    >>> found = sample(
    ...     count_up, tf.zeros([1, 1]), None, start_id=0, stop_id=4, max_length=10, seed=[1, 2]
    ... )
    >>> found.tokens[0, : found.lengths[0]].numpy().tolist()
    [1, 2, 3]
    """
    check_sampling_settings(temperature, top_k, top_p)
    return single_hypothesis_search(
        step,
        state,
        memory,
        lambda logits, index: choose_randomly(
            logits, index, seed=seed, temperature=temperature, top_k=top_k, top_p=top_p
        ),
        start_id=start_id,
        stop_id=stop_id,
        max_length=max_length,
        min_length=min_length,
        forbidden_ids=forbidden_ids,
        pad_id=pad_id,
        record=record,
    )
