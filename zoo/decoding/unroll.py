"""Unrolling a decoder's step in training: teacher forcing, scheduled sampling, free running."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from zoo.decoding import recording
from zoo.decoding.extensions import most_probable
from zoo.decoding.nested_rows import as_memory, as_state, count_rows
from zoo.decoding.random_choice import choose_randomly
from zoo.decoding.step import Step, start_tokens, take_step
from zoo.errors import InputError

Record = Callable[[Any], Any] | None
# (index, what the step gave before) -> what it is fed at the index, int32 [B].
_Feed = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def teacher_forcing(
    step: Step, state: Any, memory: Any, targets_in: tf.Tensor, *, record: Record = None
) -> tuple[tf.Tensor, Any]:
    """Feeds the true tokens, whatever the step says.

    The loop is in the graph, is differentiable and compiles under XLA. Nothing is masked: what a
    row gives on its padding is for the loss to leave out.

    Args:
        step: `(tokens int32 [B], state, memory) -> (logits [B, V], next state)`.
        state: The initial state, a nest of tensors [B, ...].
        memory: What the step reads and never changes, a nest of tensors [B, ...].
        targets_in: int32 [B, M], the targets moved by one: the start token first.
        record: `state -> nest of tensors [B, ...]`, called after each step.

    Returns:
        The logits, float32 [B, M, V], and what was recorded as [B, M, ...], or None.

    Raises:
        InputError: The step breaks its contract.

    Example:

    >>> def echo(tokens, state, memory):
    ...     return tf.one_hot(tokens, 3), state
    >>> logits, _ = teacher_forcing(echo, tf.zeros([1, 1]), None, [[0, 2]])
    >>> logits.numpy().tolist()
    [[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]]
    """
    truth, width = _columns(targets_in)
    start = truth(tf.constant(0))
    return _unroll(step, state, memory, start, width, record, lambda index, logits: truth(index))


def scheduled_sampling(
    step: Step,
    state: Any,
    memory: Any,
    targets_in: tf.Tensor,
    probability: float | tf.Tensor,
    seed: Any,
    *,
    temperature: float | tf.Tensor = 0.0,
    record: Record = None,
) -> tuple[tf.Tensor, Any]:
    """Feeds the true token or the model's own, by a coin for every step and row.

    Bengio et al. 2015. No gradient goes through the choice of a token. A probability of 0 is
    teacher forcing, one of 1 is free running from the first column.

    Args:
        step: `(tokens int32 [B], state, memory) -> (logits [B, V], next state)`.
        state: The initial state, a nest of tensors [B, ...].
        memory: What the step reads and never changes, a nest of tensors [B, ...].
        targets_in: int32 [B, M], the targets moved by one; the first column is always fed.
        probability: probability of the model's own token, from 0 to 1: a float, or float32 scalar
            or [B]; see `SamplingSchedule`.
        seed: int32 [2]; another one in each training step.
        temperature: 0 feeds the model's most probable token, above 0 one drawn.
        record: `state -> nest of tensors [B, ...]`, called after each step.

    Returns:
        The logits, float32 [B, M, V], and what was recorded as [B, M, ...], or None.

    Raises:
        InputError: The step breaks its contract, or the probability is not one.
    """
    if not tf.is_tensor(probability) and not 0 <= probability <= 1:
        raise InputError(f"probability is {probability}; it lies from 0 to 1")
    truth, width = _columns(targets_in)
    seeds = tf.random.experimental.stateless_split(seed, 2)
    own = _own_token(seeds[0], temperature)

    def feed(index: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        coin_seed = tf.random.experimental.stateless_fold_in(seeds[1], index)
        coins = tf.random.stateless_uniform([tf.shape(logits)[0]], coin_seed)
        return tf.where(coins < probability, own(index, logits), truth(index))

    return _unroll(step, state, memory, truth(tf.constant(0)), width, record, feed)


def free_running(
    step: Step,
    state: Any,
    memory: Any,
    *,
    start_id: int | tf.Tensor,
    num_steps: int | tf.Tensor,
    seed: Any = None,
    temperature: float | tf.Tensor = 0.0,
    record: Record = None,
) -> tuple[tf.Tensor, Any]:
    """Feeds the model's own tokens, as inference does, for a given number of steps.

    Unlike the strategies it keeps all logits, goes on after a stop token, and is differentiable
    but for the choice of the tokens.

    Args:
        step: `(tokens int32 [B], state, memory) -> (logits [B, V], next state)`.
        state: The initial state, a nest of tensors [B, ...].
        memory: What the step reads and never changes, a nest of tensors [B, ...].
        start_id: The token that is fed first: an id, or int32 [B].
        num_steps: M, at least 1.
        seed: int32 [2]; needed where the temperature is not 0.
        temperature: 0 feeds the most probable token, above 0 one drawn.
        record: `state -> nest of tensors [B, ...]`, called after each step: the hidden state, for
            professor forcing.

    Returns:
        The logits, float32 [B, M, V], and what was recorded as [B, M, ...], or None.

    Raises:
        InputError: The step breaks its contract, or a seed is missing.
    """
    start = start_tokens(start_id, count_rows(state, memory, start_id=start_id))
    return _unroll(step, state, memory, start, num_steps, record, _own_token(seed, temperature))


def _own_token(seed: Any, temperature: float | tf.Tensor) -> _Feed:
    """Returns the choice of the model's own token."""
    if not tf.is_tensor(temperature) and temperature == 0:
        return lambda index, logits: most_probable(logits)
    if seed is None:
        raise InputError("a temperature above 0 draws tokens at random and needs a seed")
    return lambda index, logits: choose_randomly(
        tf.stop_gradient(logits), index, seed=seed, temperature=temperature
    )


def _columns(
    targets_in: tf.Tensor,
) -> tuple[Callable[[tf.Tensor], tf.Tensor], int | tf.Tensor]:
    """Returns how to read a column of the targets, and how many there are."""
    targets = tf.cast(tf.convert_to_tensor(targets_in), tf.int32)
    if targets.shape.rank != 2 or targets.shape[1] == 0:
        raise InputError(
            f"targets_in has shape {targets.shape}; it must be [rows, steps], one step at least"
        )
    columns = tf.transpose(targets)
    return lambda index: tf.gather(columns, index), targets.shape[1] or tf.shape(targets)[1]


def _unroll(
    step: Step,
    state: Any,
    memory: Any,
    start: tf.Tensor,
    num_steps: int | tf.Tensor,
    record: Record,
    feed: _Feed,
) -> tuple[tf.Tensor, Any]:
    """Takes the steps, each fed by what `feed` makes of the last one's logits."""
    state, memory = as_state(state), as_memory(memory)

    # The first step stands before the loop: it says how many logits there are.
    logits, state = take_step(step, start, state, memory)
    gathered = tf.TensorArray(tf.float32, size=num_steps, element_shape=logits.shape)
    gathered = gathered.write(0, logits)
    recorded = recording.open_arrays(
        record, state, lambda dtype, shape: tf.TensorArray(dtype, num_steps, element_shape=shape)
    )
    recorded = recording.write(record, recorded, 0, state)

    def advance(index, logits, state, gathered, recorded):
        following_logits, state = take_step(step, feed(index, logits), state, memory)
        following_logits.set_shape(logits.shape)
        return (
            index + 1,
            following_logits,
            state,
            gathered.write(index, following_logits),
            recording.write(record, recorded, index, state),
        )

    _, _, _, gathered, recorded = tf.while_loop(
        lambda index, *_: index < num_steps,
        advance,
        (tf.constant(1), logits, state, gathered, recorded),
        maximum_iterations=num_steps,
    )
    recorded = None if record is None else tf.nest.map_structure(_rows_first, recorded)
    return _rows_first(gathered), recorded


def _rows_first(array: tf.TensorArray) -> tf.Tensor:
    values = array.stack()
    return tf.transpose(values, [1, 0, *range(2, values.shape.rank)])
