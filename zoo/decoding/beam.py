"""Beam search in plain TensorFlow ops."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from zoo.decoding import recording
from zoo.decoding.back_pointers import Trail, trace_back
from zoo.decoding.beam_loop import BeamLoop
from zoo.decoding.constraints import Constraints
from zoo.decoding.coverage import Coverage
from zoo.decoding.decoded import Decoded
from zoo.decoding.limits import check_minimum, resolve_limit
from zoo.decoding.nested_rows import as_memory, as_state, count_rows, repeat_rows
from zoo.decoding.penalties import LengthPenalty
from zoo.decoding.step import Step, start_tokens
from zoo.decoding.strategies import strategies
from zoo.errors import InputError


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
    share_memory: bool = False,
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
    the memory is repeated once, before the loop, or not at all; the history is kept as
    back-pointers and read at the end (`no_repeat_ngram` needs it earlier and carries a copy).
    Compiles under XLA where `max_length` is a Python integer.

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
        share_memory: Whether the step takes the memory as it is, [B, ...], beside the B*K tokens.

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
    num_results = check_search(beam_width, num_results, no_repeat_ngram)
    state, memory = as_state(state), as_memory(memory)
    num_rows = count_rows(state, memory, start_id=start_id)
    limit = resolve_limit(max_length, num_rows)
    check_minimum(min_length, max_length)
    search = BeamLoop(
        step=step,
        memory=memory if share_memory else repeat_rows(memory, beam_width),
        beam_width=beam_width,
        num_results=num_results,
        stop=-1 if stop_id is None else stop_id,
        limit=limit,
        length_penalty=LengthPenalty(limit, length_penalty),
        coverage=Coverage.of(coverage_penalty, coverage_mask, record),
        constrain=Constraints(forbidden_ids, stop_id, min_length),
        no_repeat_ngram=no_repeat_ngram,
        record=record,
        early_stop=early_stop,
    )
    tokens = repeat_rows(start_tokens(start_id, num_rows), beam_width)
    beam = search.start(tokens, repeat_rows(state, beam_width))
    records = recording.open_arrays(record, beam.state, limit.array)
    trail = Trail.open(limit, num_rows, beam_width, records)
    steps, _, trail = tf.while_loop(search.going, search.advance, (tf.constant(0), beam, trail))
    return trace_back(
        trail, steps, limit, search.stop, num_results, pad_id, recorded=record is not None
    )


def check_search(beam_width: int, num_results: int | None = None, no_repeat_ngram: int = 0) -> int:
    """Returns how many hypotheses a beam search returns; raises `InputError` where none could."""
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
