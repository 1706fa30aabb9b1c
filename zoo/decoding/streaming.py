"""One token at a time: the caller holds the state between calls."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from zoo.decoding.constraints import Constraints
from zoo.decoding.extensions import log_probability_of
from zoo.decoding.nested_rows import as_memory, as_state, count_rows
from zoo.decoding.random_choice import choose_randomly
from zoo.decoding.step import Step, start_tokens, take_step


class Streamed(NamedTuple):
    """What one streamed step gives.

    Attributes:
        tokens: int32 [R], the tokens that were drawn; feed them to the next call.
        log_probabilities: float32 [R], the model's own for these tokens.
        state: The next state; feed it to the next call.
        logits: float32 [R, V], the model's own, which the tokens were drawn from.
    """

    tokens: tf.Tensor
    log_probabilities: tf.Tensor
    state: Any
    logits: tf.Tensor


def stream_step(
    step: Step,
    tokens: tf.Tensor,
    state: Any,
    memory: Any,
    *,
    index: int | tf.Tensor,
    seed: Any,
    temperature: float | tf.Tensor = 1.0,
    top_k: int | tf.Tensor = 0,
    top_p: float | tf.Tensor = 1.0,
    forbidden_ids: Sequence[int] = (),
) -> Streamed:
    """Feeds one token a row and draws the next.

    There is no hidden state: what came out goes in again, so that a server need not remember its
    clients. Calls with index 0, 1, 2, ... draw what `sample` with the same seed draws.

    Args:
        step: `(tokens int32 [R], state, memory) -> (logits [R, V], next state)`.
        tokens: int32 [R], the last tokens; the start token in the first call.
        state: A nest of tensors [R, ...].
        memory: A nest of tensors [R, ...] that does not change.
        index: Which token of the sequence is drawn, from 0; with a seed for each row it may be
            int32 [R], so that one batch holds streams that began at different times.
        seed: int32 [2] or [R, 2].
        temperature: 0 or more; 0 takes the most probable token. See `choose_randomly`.
        top_k: 0 keeps every token.
        top_p: 1 keeps every token.
        forbidden_ids: Ids that are never drawn.

    Returns:
        A `Streamed`.

    Example:

    >>> def count_up(tokens, state, memory):
    ...     return 50.0 * tf.one_hot(tokens + 1, 5), state
    >>> streamed = stream_step(
    ...     count_up, tf.constant([2]), tf.zeros([1, 1]), None, index=0, seed=[1, 2]
    ... )
    >>> streamed.tokens.numpy().tolist()
    [3]
    """
    tokens = tf.convert_to_tensor(tokens, tf.int32)
    logits, following = take_step(step, tokens, as_state(state), as_memory(memory))
    allowed = Constraints(forbidden_ids)(logits, tf.constant(0))
    drawn = choose_randomly(
        allowed, index, seed=seed, temperature=temperature, top_k=top_k, top_p=top_p
    )
    log_probabilities = log_probability_of(drawn, logits)
    return Streamed(drawn, log_probabilities, following, logits)


def read_prompt(
    step: Step, state: Any, memory: Any, tokens: tf.Tensor, lengths: tf.Tensor, *, start_id: int
) -> tuple[tf.Tensor, Any]:
    """Feeds the beginning of each row's sequence, to go on from with any strategy.

    The last token is not fed: it is the `start_id` of what comes next.

    Args:
        step: `(tokens int32 [R], state, memory) -> (logits [R, V], next state)`.
        state: The initial state, a nest of tensors [R, ...].
        memory: A nest of tensors [R, ...] that does not change.
        tokens: int32 [R, M], the prompts; padding is on the right.
        lengths: int32 [R]; 0 is a row with no prompt.
        start_id: The token that is fed before the prompt.

    Returns:
        The token to start with, int32 [R], and the state to start from. A row with no prompt has
        `start_id` and its initial state.

    Example:

    >>> def count_steps(tokens, state, memory):
    ...     return tf.zeros([2, 5]), state + 1
    >>> last, state = read_prompt(
    ...     count_steps, tf.zeros([2, 1]), None, [[3, 4, 2], [1, 0, 0]], [3, 1], start_id=0
    ... )
    >>> last.numpy().tolist(), state.numpy().tolist()
    ([2, 1], [[3.0], [1.0]])
    """
    state, memory = as_state(state), as_memory(memory)
    tokens = tf.convert_to_tensor(tokens, tf.int32)
    lengths = tf.convert_to_tensor(lengths, tf.int32)
    # After the start token and all of the prompt but its last, [R, M].
    fed = tf.concat([start_tokens(start_id, count_rows(tokens))[:, None], tokens], axis=1)

    def going(index: tf.Tensor, state: Any) -> tf.Tensor:
        return index < tf.reduce_max(lengths)

    def advance(index: tf.Tensor, state: Any) -> tuple[tf.Tensor, Any]:
        _, following = take_step(step, fed[:, index], state, memory)
        return index + 1, tf.nest.map_structure(_where_rows(index < lengths), following, state)

    _, state = tf.while_loop(going, advance, (tf.constant(0), state))
    return tf.gather(fed, lengths, batch_dims=1), state


def _where_rows(condition: tf.Tensor) -> Callable[[tf.Tensor | None, tf.Tensor | None], Any]:
    """Returns a choice between two tensors by row."""

    def choose(new: tf.Tensor | None, old: tf.Tensor | None) -> tf.Tensor | None:
        if new is None:
            return None
        shape = tf.concat([tf.shape(condition), tf.ones([tf.rank(new) - 1], tf.int32)], 0)
        chosen = tf.where(tf.reshape(condition, shape), new, old)
        chosen.set_shape(old.shape)
        return chosen

    return choose
