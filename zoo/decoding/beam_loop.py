"""The loop of beam search: what one step does to the open hypotheses of every row."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from zoo.decoding import recording
from zoo.decoding.back_pointers import Trail
from zoo.decoding.constraints import Constraints
from zoo.decoding.coverage import Coverage
from zoo.decoding.extensions import best_extensions, normaliser_of
from zoo.decoding.limits import Limit
from zoo.decoding.nested_rows import gather_rows, same_form
from zoo.decoding.ngrams import append_tokens, forbid_repeats
from zoo.decoding.penalties import LengthPenalty
from zoo.decoding.step import Step, take_step

_NEVER = float("-inf")


class Beam(NamedTuple):
    """What the loop carries from step to step.

    Attributes:
        tokens: int32 [B*K], the newest.
        log_probabilities: float32 [B, K], -inf for a slot that holds no open hypothesis.
        best: float32 [B, num_results], the best final scores so far, in falling order.
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


@dataclasses.dataclass(frozen=True)
class BeamLoop:
    """The settings of a search, read, and the loop's condition and body.

    Attributes:
        step: The model's.
        memory: The model's, [B*K, ...], or [B, ...] where the step shares it.
        beam_width: K.
        num_results: Hypotheses to return.
        stop: The stop token, or -1.
        limit: The maximum lengths.
        length_penalty: What divides a log-probability.
        coverage: What is added to a score, or None.
        constrain: What may not be produced.
        no_repeat_ngram: n, or 0.
        record: What to keep of the state, or None.
        early_stop: Whether rows are closed that no open hypothesis can change.
    """

    step: Step
    memory: Any
    beam_width: int
    num_results: int
    stop: int
    limit: Limit
    length_penalty: LengthPenalty
    coverage: Coverage | None
    constrain: Constraints
    no_repeat_ngram: int
    record: Callable[[Any], Any] | None
    early_stop: bool

    def start(self, tokens: tf.Tensor, state: Any) -> Beam:
        """Returns the beam before the first step, from tokens [B*K] and the state [B*K, ...]."""
        may_begin = self.limit.rows[:, None] > 0
        # All hypotheses of a row start alike, so that one is enough.
        is_first = tf.range(self.beam_width) == 0
        rows, lanes = tf.shape(may_begin)[0], tf.shape(tokens)[0]
        history = tf.zeros([lanes, self.limit.steps], tf.int32) if self.no_repeat_ngram else ()
        return Beam(
            tokens,
            tf.where(may_begin & is_first, 0.0, _NEVER),
            tf.fill([rows, self.num_results], _NEVER),
            state,
            history,
            self.coverage.start(state) if self.coverage else (),
        )

    def going(self, index: tf.Tensor, beam: Beam, trail: Trail) -> tf.Tensor:
        """Returns whether there is a step to take: always a first one, for the shapes it gives."""
        some_open = tf.reduce_any(beam.log_probabilities > _NEVER)
        return (index == 0) | (some_open & (index < self.limit.steps))

    def advance(self, index: tf.Tensor, beam: Beam, trail: Trail) -> tuple[tf.Tensor, Beam, Trail]:
        """Takes a step: extends, keeps the K best, lets those that end leave."""
        logits, following = take_step(self.step, beam.tokens, beam.state, self.memory)
        records = recording.write(self.record, trail.records, index, following)
        log_probabilities, parents, tokens = best_extensions(
            beam.log_probabilities, self._allowed(logits, beam, index), normaliser_of(logits)
        )
        lanes = self._lanes(parents)
        history, coverage = beam.history, beam.coverage
        if self.no_repeat_ngram:
            history = append_tokens(tf.gather(history, lanes), index, tf.reshape(tokens, [-1]))
        if self.coverage:
            coverage = tf.gather(self.coverage.after(coverage, following), lanes)

        ended = (tokens == self.stop) | (index + 1 >= self.limit.rows[:, None])
        scores = tf.where(ended, self._score(log_probabilities, coverage, index), _NEVER)
        best = tf.math.top_k(tf.concat([beam.best, scores], 1), self.num_results).values
        still_open = tf.where(ended, _NEVER, log_probabilities)
        if self.early_stop:
            still_open = self._close_rows(still_open, best, index)
        after = Beam(
            tf.reshape(tokens, [-1]),
            still_open,
            best,
            gather_rows(following, lanes),
            history,
            coverage,
        )
        trail = trail.write(index, tokens, parents, log_probabilities, scores, records)
        return index + 1, same_form(beam, after), trail

    def _allowed(self, logits: tf.Tensor, beam: Beam, index: tf.Tensor) -> tf.Tensor:
        logits = self.constrain(logits, index)
        if not self.no_repeat_ngram:
            return logits
        return forbid_repeats(logits, beam.history, index, self.no_repeat_ngram)

    def _lanes(self, parents: tf.Tensor) -> tf.Tensor:
        """Returns where slots [B, K] lie among the B*K rows of a step, int32 [B*K]."""
        first = tf.range(tf.shape(self.limit.rows)[0])[:, None] * self.beam_width
        return tf.reshape(first + parents, [-1])

    def _score(self, log_probabilities: tf.Tensor, coverage: Any, index: tf.Tensor) -> tf.Tensor:
        """Returns the final scores [B, K] of hypotheses that end at this step."""
        scores = log_probabilities / self.length_penalty.divisor(index)
        return scores + self.coverage.score(coverage, self.beam_width) if self.coverage else scores

    def _close_rows(
        self, log_probabilities: tf.Tensor, best: tf.Tensor, index: tf.Tensor
    ) -> tf.Tensor:
        """Takes out the open hypotheses of rows whose n-best list none of them can enter."""
        divisor = self.length_penalty.best_divisor(index)
        bound = tf.reduce_max(log_probabilities, axis=1, keepdims=True) / divisor
        return tf.where(best[:, -1:] >= bound, _NEVER, log_probabilities)
