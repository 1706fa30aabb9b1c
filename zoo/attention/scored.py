"""Attention that takes its scores from one of the content kinds."""

from typing import Any

from zoo.attention.base import Attention
from zoo.attention.catalog import attentions, get
from zoo.attention.content import ContentAttention
from zoo.attention.memory import Memory
from zoo.errors import InputError


class ScoredAttention(Attention):
    """What the kinds share that choose positions by scores, though not by softmax over all.

    Args:
        units: Width of the scoring space; None where `score` has none.
        score: Name of the content attention whose scores are used.

    Raises:
        InputError: `score` is not the name of a content attention, or it needs units.
    """

    def __init__(self, units: int | None, score: str, **kwargs: Any):
        super().__init__(**kwargs)
        scores = [name for name in attentions if issubclass(attentions.get(name), ContentAttention)]
        if score not in scores:
            raise InputError(f"score must be one of {', '.join(scores)}, not {score!r}")
        self.units = units
        self.score = score
        self.scorer = get(score, units=units, dtype=self.dtype_policy, name="scorer")

    def build(self, query_shape=None, memory_shape=None):
        self.scorer.build(query_shape, memory_shape)

    def project(self, values: Any) -> Any:
        return self.scorer.project(values)

    def scores(self, queries: Any, memory: Memory) -> Any:
        """Returns the scores `[batch, steps, positions]`, before any mask."""
        return self.scorer.scores(queries, memory.keys)

    def check_query(self, query: Any, memory: Memory) -> None:
        super().check_query(query, memory)
        self.scorer.check_query(query, memory)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "score": self.score}
