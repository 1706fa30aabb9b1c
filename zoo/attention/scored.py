"""Attention that takes its scores from one of the content kinds."""

from typing import Any, ClassVar

from zoo.attention.base import Attention
from zoo.attention.catalog import attentions, get
from zoo.attention.content import ContentAttention
from zoo.attention.memory import Memory
from zoo.errors import InputError


class ScoredAttention(Attention):
    """What the kinds share that take scores, and do more with them than softmax.

    Args:
        units: Width of the scoring space; None where `score` has none.
        score: Name of the content attention whose scores are used.
        score_settings: Further settings of that attention.

    Raises:
        InputError: `score` is not the name of a content attention, or it needs units.

    Attributes:
        scores_from: The kinds of which `score` may be one.
    """

    scores_from: ClassVar[type[ContentAttention]] = ContentAttention

    def __init__(
        self,
        units: int | None,
        score: str,
        score_settings: dict[str, Any] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        kinds = [name for name in attentions if issubclass(attentions.get(name), self.scores_from)]
        if score not in kinds:
            raise InputError(f"score must be one of {', '.join(kinds)}, not {score!r}")
        self.units = units
        self.score = score
        settings = {"dtype": self.dtype_policy, "name": "scorer", **(score_settings or {})}
        self.scorer = get(score, units=units, **settings)

    def build(self, query_shape=None, memory_shape=None):
        self.scorer.build(query_shape, memory_shape)

    def project(self, values: Any) -> Any:
        return self.scorer.project(values)

    def scores(self, queries: Any, keys: Any) -> Any:
        """Returns the scores `[batch, steps, positions]`, before any mask."""
        return self.scorer.scores(queries, keys)

    def check_query(self, query: Any, memory: Memory) -> None:
        super().check_query(query, memory)
        self.scorer.check_query(query, memory)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "score": self.score}
