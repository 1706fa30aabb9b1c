"""The coverage penalty along a beam search."""

import dataclasses
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from zoo.decoding.penalties import coverage_score
from zoo.errors import InputError


@dataclasses.dataclass(frozen=True)
class Coverage:
    """Sums the attention that each source position gets, and what that adds to a score.

    Attributes:
        penalty: beta, a float or a float32 scalar tensor.
        mask: bool [B, 1, N], the real positions, or None.
        record: `state -> what was recorded`, the attention weights among it.
    """

    penalty: float | tf.Tensor
    mask: tf.Tensor | None
    record: Callable[[Any], Any]

    @classmethod
    def of(
        cls,
        penalty: float | tf.Tensor,
        mask: Any,
        record: Callable[[Any], Any] | None,
    ) -> "Coverage | None":
        """Reads the settings of a search; returns None where there is no penalty.

        Raises:
            InputError: The penalty is negative, or there is no record to find attention in.
        """
        if not tf.is_tensor(penalty):
            if penalty == 0:
                return None
            if penalty < 0:
                raise InputError(f"coverage_penalty is {penalty}; it must be 0 or more")
        if record is None:
            raise InputError("coverage_penalty needs a record that returns the attention weights")
        mask = None if mask is None else tf.cast(mask, tf.bool)[:, None, :]
        return cls(penalty, mask, record)

    def start(self, state: Any) -> tf.Tensor:
        """Returns the coverage before the first step, zeros [R, N]."""
        return tf.zeros_like(self._alignment(state))

    def after(self, coverage: tf.Tensor, state: Any) -> tf.Tensor:
        """Returns the coverage [R, N] after the step that gave this state."""
        return coverage + self._alignment(state)

    def score(self, coverage: tf.Tensor, beam_width: int) -> tf.Tensor:
        """Returns what is added to scores, float32 [B, K], from coverage [B*K, N]."""
        coverage = tf.reshape(coverage, [-1, beam_width, tf.shape(coverage)[1]])
        return coverage_score(coverage, self.penalty, self.mask)

    def _alignment(self, state: Any) -> tf.Tensor:
        recorded = self.record(state)
        if isinstance(recorded, dict) and "alignment" in recorded:
            recorded = recorded["alignment"]
        if not tf.is_tensor(recorded) or recorded.shape.rank != 2:
            raise InputError(
                "coverage_penalty needs a record that returns the attention weights "
                '[rows, positions], alone or in a dict as "alignment"'
            )
        return tf.cast(recorded, tf.float32)
