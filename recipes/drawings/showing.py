"""What a person types, and how an answer is said, drawn and written for a person."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from recipes.metrics.answers import Answer, Answers


@dataclasses.dataclass(frozen=True)
class Shown:
    """What a model said to one input, for a person to read.

    Attributes:
        given: The input, or what names it.
        says: The answer.
        truth: What was right.
        right: Whether the answer counts as right; None where a model writes freely and no answer
            is right or wrong.
    """

    given: str
    says: str
    truth: str
    right: bool | None


class Showing(abc.ABC):
    """Turns what a person typed into a signature's inputs, and answers into words and pictures."""

    name: ClassVar[str]
    input_name: ClassVar[str]
    # An input to show in cards and messages.
    example: ClassVar[str]

    @abc.abstractmethod
    def lines(self, inputs: Sequence[str], answer: Answer) -> list[str]:
        """Says an answer of `serving_default` in a line an input, for a person."""

    @abc.abstractmethod
    def says(self, answer: Answer) -> list[str]:
        """Returns the bare answer of each row, in few words."""

    @abc.abstractmethod
    def draw(self, figure: Any, given: str, answer: Answer) -> None:
        """Draws what the model did with one input on a matplotlib figure."""

    def inputs(self, given: Sequence[str]) -> dict[str, Any]:
        """Turns what a person typed, an entry a row, into inputs of `serving_default` by name.

        Raises:
            InputError: an entry cannot be read.
        """
        return {self.input_name: list(given)}

    def samples(self, examples: list, count: int) -> list[tuple[str, str]]:
        """Returns a few (input, truth) pairs; several right answers are joined by " / "."""
        raise NotImplementedError(f"recipe {self.name} defines neither samples nor show")

    def show(self, answers: Answers, examples: list, count: int) -> list[Shown]:
        """Returns what the model says to a few examples beside the truth, for the card."""
        pairs = self.samples(examples, count)
        said = self.says(answers(**self.inputs([given for given, _ in pairs])))
        return [
            Shown(given, says, truth, says in truth.split(" / "))
            for (given, truth), says in zip(pairs, said, strict=True)
        ]

    def write(self, path: Path, given: str, answer: Answer) -> bool:
        """Writes what the model did with one input as a file that is no picture: sound, a score.

        Returns:
            Whether the path's ending is one that this recipe writes.
        """
        return False

    def example_for(self, settings: Any) -> str:
        """Returns an input to show beside a model with these settings."""
        return self.example

    def in_python(self, example: str) -> str:
        """Returns the line of Python that asks `model`, the saved model, for an example."""
        return f'model(["{example}"])'
