"""The loop that greedy search and sampling share: one sequence a row."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from zoo.decoding import recording
from zoo.decoding.constraints import Constraints
from zoo.decoding.decoded import Decoded
from zoo.decoding.extensions import log_probability_of
from zoo.decoding.limits import Limit, check_minimum, resolve_limit
from zoo.decoding.nested_rows import as_memory, as_state, count_rows, same_form
from zoo.decoding.step import Step, start_tokens, take_step

Choose = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def single_hypothesis_search(
    step: Step,
    state: Any,
    memory: Any,
    choose: Choose,
    *,
    start_id: int | tf.Tensor,
    stop_id: int | None,
    max_length: int | tf.Tensor,
    min_length: int | tf.Tensor = 0,
    forbidden_ids: Sequence[int] = (),
    pad_id: int = 0,
    record: Callable[[Any], Any] | None = None,
) -> Decoded:
    """Follows one sequence a row, each next token chosen by `choose`.

    A strategy that needs no more than this is one function `choose`.

    Args:
        step: `(tokens int32 [B], state, memory) -> (logits [B, V], next state)`.
        state: A nest of tensors [B, ...].
        memory: A nest of tensors [B, ...] that does not change.
        choose: `(logits, index) -> tokens`: float32 [B, V], -inf where a token may not come, and
            the step's number from 0 on, to int32 [B].
        start_id: The first token that is fed: an id, or int32 [B].
        stop_id: The token that ends a sequence; None for sequences that only `max_length` ends.
        max_length: The most tokens: an integer, an int32 scalar, or int32 [B].
        min_length: The fewest tokens before the stop token.
        forbidden_ids: Ids that are never produced.
        pad_id: What fills `tokens` after a sequence's end.
        record: `state -> nest of tensors [B, ...]`, called on the state after each step.

    Returns:
        A `Decoded` with one sequence a row.
    """
    state, memory = as_state(state), as_memory(memory)
    num_rows = count_rows(state, memory, start_id=start_id)
    limit = resolve_limit(max_length, num_rows)
    check_minimum(min_length, max_length)
    constrain = Constraints(forbidden_ids, stop_id, min_length)
    tokens = start_tokens(start_id, num_rows)
    stop = -1 if stop_id is None else stop_id

    def going(index, tokens, total, lengths, stopped, state, chosen, records):
        unfinished = tf.reduce_any(tf.logical_not(stopped) & (lengths < limit.rows))
        return (index == 0) | (unfinished & (index < limit.steps))

    def advance(index, tokens, total, lengths, stopped, state, chosen, records):
        logits, following = take_step(step, tokens, state, memory)
        records = recording.write(record, records, index, following)
        following_tokens = same_form(tokens, choose(constrain(logits, index), index))
        log_probability = log_probability_of(following_tokens, logits)
        is_open = tf.logical_not(stopped) & (lengths < limit.rows)
        stops = following_tokens == stop
        return (
            index + 1,
            following_tokens,
            total + tf.where(is_open, log_probability, 0.0),
            lengths + tf.cast(is_open & tf.logical_not(stops), tf.int32),
            stopped | (is_open & stops),
            following,
            chosen.write(index, following_tokens),
            records,
        )

    initial = (
        tf.constant(0),
        tokens,
        tf.zeros([num_rows]),
        tf.zeros([num_rows], tf.int32),
        tf.zeros([num_rows], tf.bool),
        state,
        limit.array(tf.int32, tokens.shape),
        recording.open_arrays(record, state, limit.array),
    )
    _, _, total, lengths, stopped, _, chosen, records = tf.while_loop(going, advance, initial)
    to_rows = _rows_of(limit, lengths)
    return Decoded(
        to_rows(chosen, pad_id),
        lengths,
        total,
        total,
        stopped,
        None if record is None else tf.nest.map_structure(lambda a: to_rows(a, 0), records),
    )


def _rows_of(limit: Limit, lengths: tf.Tensor) -> Callable[[tf.TensorArray, Any], tf.Tensor]:
    """Returns a function that makes [B, T, ...] of an array, filled from each row's length on."""

    def to_rows(array: tf.TensorArray, filler: Any) -> tf.Tensor:
        values = array.stack()
        if not limit.static:
            # The greatest length of no rows at all is not zero.
            values = values[: tf.maximum(tf.reduce_max(lengths), 0)]
        rank = values.shape.rank
        values = tf.transpose(values, [1, 0, *range(2, rank)])
        real = tf.sequence_mask(lengths, tf.shape(values)[1])
        real = tf.reshape(real, tf.concat([tf.shape(real), [1] * (rank - 2)], 0))
        return tf.where(real, values, tf.cast(filler, values.dtype))

    return to_rows
