"""Beam search in plain TensorFlow ops."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from zoo.decoding import recording
from zoo.decoding.constraints import Constraints
from zoo.decoding.decoded import Decoded
from zoo.decoding.extensions import best_extensions, normaliser_of
from zoo.decoding.limits import Limit, resolve_limit
from zoo.decoding.ngrams import forbid_repeats
from zoo.decoding.penalties import coverage_score, length_divisor
from zoo.decoding.rows import as_tensors, count_rows, gather_rows, repeat_rows
from zoo.decoding.step import Step, start_tokens, take_step
from zoo.decoding.strategies import strategies
from zoo.decoding.trace import Trail, trace_back
from zoo.errors import InputError

_NEVER = float("-inf")


@strategies.register("beam")
def beam_search(
    step: Step,
    state: Any,
    memory: Any,
    *,
    beam_width: int,
    start_id: int | tf.Tensor,
    stop_id: int | None,
    max_length: int | tf.Tensor,
    length_penalty: float | tf.Tensor = 0.0,
    coverage_penalty: float | tf.Tensor = 0.0,
    coverage_mask: tf.Tensor | None = None,
    min_length: int | tf.Tensor = 0,
    no_repeat_ngram: int = 0,
    num_results: int | None = None,
    forbidden_ids: Sequence[int] = (),
    pad_id: int = 0,
    record: Callable[[Any], Any] | None = None,
    early_stop: bool = True,
) -> Decoded:
    """Keeps the `beam_width` most probable beginnings at every step; returns an n-best list.

    Each step extends the K open hypotheses of a row by every token and keeps the K best of those
    by log-probability. One that ends in the stop token, or that has reached its row's maximum
    length, leaves the beam with its final score (Wu et al. 2016, equation 14) and does not change
    any more:

        score(Y) = log P(Y) / lp(Y) + cp(X; Y)
        lp(Y) = ((5 + |Y|) / 6) ** length_penalty
        cp(X; Y) = coverage_penalty * sum_i log(min(sum_j p_ij, 1))

    |Y| counts every token that P is over: the stop token too. A row is done when none of its
    open hypotheses can still enter the list: a log-probability only falls, so its best score is
    the present log-probability over the most favourable length. The loop ends when all rows are.

    With `beam_width=1` the result is that of greedy search. The state is reordered by a gather;
    the memory is repeated once, before the loop; the history is kept as back-pointers and read at
    the end (`no_repeat_ngram` needs it earlier and carries a copy). Compiles under XLA where
    `max_length` is a Python integer.

    Args:
        step: `(tokens int32 [B*K], state, memory) -> (logits [B*K, V], next state)`. The K
            hypotheses of one row are in succession.
        state: The initial state, a nest of tensors [B, ...]; it is repeated here.
        memory: What the step reads and never changes, a nest of tensors [B, ...]; likewise.
        beam_width: K, a Python integer.
        start_id: The token that is fed first: an id, or int32 [B].
        stop_id: The token that ends a sequence; None where only `max_length` does.
        max_length: The most tokens of a sequence: an integer, an int32 scalar tensor, or int32
            [B].
        length_penalty: alpha; a float, or a float32 tensor, scalar or [B].
        coverage_penalty: beta, 0 or more; a float or a float32 scalar tensor. Needs a `record`
            that returns the attention weights [B*K, N], alone or in a dict as "alignment".
        coverage_mask: bool [B, N], the source's real positions; the others are not asked to be
            covered.
        min_length: The fewest tokens before the stop token.
        no_repeat_ngram: n: no hypothesis holds the same n tokens in succession twice. 0 for no
            such limit.
        num_results: How many hypotheses to return, at most and by default K.
        forbidden_ids: Ids that are never produced, such as those of start and padding.
        pad_id: What fills `tokens` after a sequence's end.
        record: `state -> nest of tensors [B*K, ...]`, called after each step.
        early_stop: False searches on to the maximum length; the result is the same.

    Returns:
        A `Decoded`: tokens int32 [B, num_results, T]; lengths, scores, log_probabilities and
        finished [B, num_results]; record [B, num_results, T, ...]. Best first, all distinct;
        missing ones have length 0 and score -inf.

    Raises:
        InputError: A setting cannot be used, or the step breaks its contract.

    Example: letters that mostly follow each other in the alphabet.

    >>> def alphabet(tokens, state, memory):
    ...     return 3.0 * tf.one_hot(tokens + 1, 5) + tf.one_hot(tokens + 2, 5), state
    >>> found = beam_search(
    ...     alphabet, tf.zeros([1, 1]), None, beam_width=2, start_id=0, stop_id=4, max_length=9
    ... )
    >>> found.tokens[0, 0, : found.lengths[0, 0]].numpy().tolist()
    [1, 2, 3]
    """
    num_results = _check_widths(beam_width, num_results, no_repeat_ngram)
    covers = tf.is_tensor(coverage_penalty) or coverage_penalty != 0
    if covers and record is None:
        raise InputError("coverage_penalty needs a record that returns the attention weights")
    if not tf.is_tensor(coverage_penalty) and coverage_penalty < 0:
        raise InputError(f"coverage_penalty is {coverage_penalty}; it must be 0 or more")
    state, memory = as_tensors(state), as_tensors(memory)
    num_rows = count_rows(state, memory, start_id=start_id)
    limit = resolve_limit(max_length, num_rows)
    lengths = _Lengths(limit, length_penalty)
    constrain = Constraints(forbidden_ids, stop_id, min_length)
    stop = -1 if stop_id is None else stop_id

    state = repeat_rows(state, beam_width)
    memory = repeat_rows(memory, beam_width)
    tokens = repeat_rows(start_tokens(start_id, num_rows), beam_width)
    first_slots = tf.range(num_rows)[:, None] * beam_width
    if coverage_mask is not None:
        coverage_mask = tf.convert_to_tensor(coverage_mask)[:, None, :]

    def going(index, beam, trail):
        some_open = tf.reduce_any(beam.log_probabilities > _NEVER)
        return (index == 0) | (some_open & (index < limit.steps))

    def advance(index, beam, trail):
        logits, following = take_step(step, beam.tokens, beam.state, memory)
        records = recording.write(record, trail.records, index, following)
        normaliser = normaliser_of(logits)
        logits = constrain(logits, index)
        if no_repeat_ngram:
            logits = forbid_repeats(logits, beam.history, index, no_repeat_ngram)
        log_probabilities, parents, chosen = best_extensions(
            beam.log_probabilities, logits, normaliser
        )
        rows = tf.reshape(first_slots + parents, tf.shape(beam.tokens))

        history, coverage = beam.history, beam.coverage
        if no_repeat_ngram:
            history = _append(tf.gather(history, rows), index, chosen)
        if covers:
            coverage = tf.gather(coverage + _alignment(record(following)), rows)

        ended = (chosen == stop) | (index + 1 >= limit.rows[:, None])
        scores = log_probabilities / lengths.divisor[:, index, None]
        if covers:
            shaped = tf.reshape(coverage, [num_rows, beam_width, tf.shape(coverage)[-1]])
            scores += coverage_score(shaped, coverage_penalty, coverage_mask)
        scores = tf.where(ended, scores, _NEVER)
        best = tf.math.top_k(tf.concat([beam.best, scores], 1), num_results).values
        still_open = tf.where(ended, _NEVER, log_probabilities)
        if early_stop:
            still_open = _close_rows(still_open, best, lengths.best_divisor[:, index + 1, None])
        beam = _Beam(
            tf.reshape(chosen, tf.shape(beam.tokens)),
            still_open,
            best,
            gather_rows(following, rows),
            history,
            coverage,
        )
        trail = Trail(
            trail.tokens.write(index, chosen),
            trail.parents.write(index, parents),
            trail.log_probabilities.write(index, log_probabilities),
            trail.scores.write(index, scores),
            records,
        )
        return index + 1, _with_shapes(beam, before), trail

    before = _Beam(
        tokens,
        # All hypotheses of a row start alike; one is enough, and none where no token may come.
        tf.where((tf.range(beam_width) == 0) & (limit.rows[:, None] > 0), 0.0, tf.constant(_NEVER)),
        tf.fill([num_rows, num_results], _NEVER),
        state,
        tf.zeros([num_rows * beam_width, limit.steps], tf.int32) if no_repeat_ngram else (),
        tf.zeros_like(_alignment(record(state))) if covers else (),
    )
    trail = Trail.open(
        limit, num_rows, beam_width, recording.open_arrays(record, state, limit.steps)
    )
    steps, _, trail = tf.while_loop(going, advance, (tf.constant(0), before, trail))
    return trace_back(trail, steps, limit, stop, num_results, pad_id, recorded=record is not None)


class _Beam(NamedTuple):
    """What the loop carries from step to step.

    Attributes:
        tokens: int32 [B*K], the newest.
        log_probabilities: float32 [B, K], -inf for a slot that holds no open hypothesis.
        best: float32 [B, num_results], the best final scores so far, sorted.
        state: The model's, [B*K, ...].
        history: int32 [B*K, T], or nothing where no n-gram is forbidden.
        coverage: float32 [B*K, N], or nothing where there is no coverage penalty.
    """

    tokens: tf.Tensor
    log_probabilities: tf.Tensor
    best: tf.Tensor
    state: Any
    history: Any
    coverage: Any


class _Lengths:
    """The length penalty of every length, worked out before the loop.

    Attributes:
        divisor: float32 [1 or B, steps], for lengths from 1 on.
        best_divisor: float32 [B, steps + 1], the one most favourable to a log-probability of all
            lengths from this one up. Log-probabilities are not positive and the divisor is
            monotone, so it is that of one end: of the longest, or of the shortest where the
            penalty is negative.
    """

    def __init__(self, limit: Limit, length_penalty: float | tf.Tensor):
        exponent = tf.reshape(tf.convert_to_tensor(length_penalty, tf.float32), [-1, 1])
        self.divisor = length_divisor(tf.range(limit.steps)[None] + 1, exponent)
        following = length_divisor(tf.range(limit.steps + 1)[None] + 1, exponent)
        longest = length_divisor(limit.rows[:, None], exponent)
        self.best_divisor = tf.maximum(following, longest)


def _check_widths(beam_width: int, num_results: int | None, no_repeat_ngram: int) -> int:
    if not isinstance(beam_width, int) or beam_width < 1:
        raise InputError(f"beam_width is {beam_width!r}; it must be an integer of at least 1")
    num_results = beam_width if num_results is None else num_results
    if not isinstance(num_results, int) or not 1 <= num_results <= beam_width:
        raise InputError(
            f"num_results is {num_results!r}; it must lie from 1 to beam_width, {beam_width}"
        )
    if not isinstance(no_repeat_ngram, int) or no_repeat_ngram < 0:
        raise InputError(f"no_repeat_ngram is {no_repeat_ngram!r}; it must be an integer from 0")
    return num_results


def _close_rows(log_probabilities: tf.Tensor, best: tf.Tensor, divisor: tf.Tensor) -> tf.Tensor:
    """Takes out the open hypotheses of rows whose n-best list none of them can enter."""
    bound = tf.reduce_max(log_probabilities, axis=1, keepdims=True) / divisor
    return tf.where(best[:, -1:] >= bound, _NEVER, log_probabilities)


def _append(history: tf.Tensor, index: tf.Tensor, tokens: tf.Tensor) -> tf.Tensor:
    """Returns the history [R, T] with the tokens in column `index`."""
    here = tf.range(tf.shape(history)[1]) == index
    return tf.where(here, tf.reshape(tokens, [-1, 1]), history)


def _alignment(recorded: Any) -> tf.Tensor:
    """Finds the attention weights [R, N] in what was recorded, in float32."""
    if isinstance(recorded, dict) and "alignment" in recorded:
        recorded = recorded["alignment"]
    if not tf.is_tensor(recorded) or recorded.shape.rank != 2:
        raise InputError(
            "coverage_penalty needs a record that returns the attention weights [rows, positions], "
            'alone or in a dict as "alignment"'
        )
    return tf.cast(recorded, tf.float32)


def _with_shapes(after: _Beam, before: _Beam) -> _Beam:
    return tf.nest.map_structure(lambda new, old: tf.ensure_shape(new, old.shape), after, before)
