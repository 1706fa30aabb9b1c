"""How a recipe is judged: its metric, plain methods beside it, and what others published."""

from __future__ import annotations

import abc
import dataclasses
from typing import Any, ClassVar

from recipes.metrics.answers import Answers


@dataclasses.dataclass(frozen=True)
class Published:
    """A figure that others published for the task of a recipe.

    Attributes:
        system: what was measured, and what it learned from.
        figure: the figure in the recipe's metric, with its unit.
        dataset: registered name of the data; None: data that the recipe makes.
        split: the part that the figure is of.
        source: where it stands.
    """

    system: str
    figure: str
    dataset: str | None
    split: str
    source: str


class Measured(abc.ABC):
    """Measures a model by its signatures."""

    # The name in the metrics of `measure` that the recipe is judged by, and whether less is better.
    metric: ClassVar[str]
    lower_is_better: ClassVar[bool]
    published: ClassVar[tuple[Published, ...]] = ()

    @abc.abstractmethod
    def measure(self, settings: Any, answers: Answers, examples: list) -> dict[str, float]:
        """Measures a model by its signatures on examples."""

    def measure_against(
        self, settings: Any, answers: Answers, train: list, examples: list
    ) -> dict[str, float]:
        """Measures what needs the training examples as well; it goes beside what `measure` says."""
        return {}

    def baselines(self, settings: Any, train: list, examples: list) -> dict[str, dict[str, float]]:
        """Measures plain methods, learned from `train`, on examples: name -> metrics.

        The metrics have the names that `measure` gives them. They depend on the examples and the
        recipe's own settings alone, not on how long or in what batches a network is trained.
        """
        return {}
