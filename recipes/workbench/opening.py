"""What a command is pointed at: a run folder or a saved model, with the same things to do."""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from recipes.catalog import REGISTRY
from recipes.metrics.answers import Answer, Answers
from recipes.recipe import Recipe
from recipes.settings import replace
from recipes.workbench.plain_values import plain
from recipes.workbench.run import Run
from zoo.errors import InputError
from zoo.references import saved_models
from zoo.serving.saved_model import SavedModel


class SavedRecipe:
    """A saved model that a recipe made.

    Args:
        path: Its version folder.

    Attributes:
        recipe: The recipe, or None for a saved model from elsewhere.
    """

    def __init__(self, path: Path):
        self.path = path
        facts = path.parent / "metrics.json"
        self.facts = json.loads(facts.read_text(encoding="utf-8")) if facts.is_file() else {}
        self.recipe: Recipe | None = None
        if self.facts.get("recipe") in REGISTRY:
            self.recipe = REGISTRY.get(self.facts["recipe"])

    @cached_property
    def model(self) -> SavedModel:
        return SavedModel(self.path)

    @property
    def answers(self) -> Answers:
        """The signatures of the saved model."""

        def call(signature):
            return lambda **inputs: self.model(signature=signature, **inputs)

        names = self.model.signatures
        inputs = {name: list(self.model.inputs(name)) for name in names}
        return Answers({name: call(name) for name in names}, inputs)

    def evaluate(self, split: str = "test") -> dict[str, float]:
        """Measures the saved model on a split of the data that it was trained from."""
        if self.recipe is None:
            raise InputError(
                f"{self.path.parent}: metrics.json does not name a recipe, so there is no data to "
                f"evaluate on"
            )
        settings = replace(self.recipe.settings, self.facts["settings"])
        data = Path(self.facts["data"]) if self.facts.get("data") else None
        examples, answers = self.recipe.examples(settings, data, split), self.answers
        train = self.recipe.examples(settings, data, "train")
        measured = self.recipe.measure(settings, answers, examples)
        return {**measured, **self.recipe.measure_against(settings, answers, train, examples)}


def open_target(text: str) -> Run | SavedRecipe:
    """Opens a run folder or a saved model, by path or by name.

    Raises:
        InputError: There is neither.
    """
    path = Path(text)
    if (path / "run.json").is_file():
        return Run.open(path)
    if path.is_dir() and (path / "checkpoints").is_dir():
        return Run.open(path)
    try:
        return SavedRecipe(saved_models.find(text))
    except InputError as error:
        if path.is_dir():
            raise InputError(
                f"{text}: neither a run folder (no run.json in it) nor a saved model (no "
                f"<version>/saved_model.pb in it)"
            ) from error
        # What went wrong while it was fetched, or where it was looked for.
        raise InputError(f"{text}: no run folder is there, and {error}") from error


def predict(
    target: Run | SavedRecipe,
    inputs: Sequence[str],
    signature: str = "serving_default",
    settings: Mapping[str, Any] | None = None,
) -> dict[str, np.ndarray]:
    """Answers inputs by a signature.

    Args:
        target: What `open_target` opened.
        inputs: One entry a row, as a person types it.
        signature: Defaults to "serving_default".
        settings: The signature's other inputs by name.
    """
    if target.recipe is not None:
        given = target.recipe.inputs(inputs)
    else:
        given = {next(iter(target.model.inputs(signature)), None): list(inputs)}
    return target.answers(signature, **{**given, **(settings or {})})


def lines(target: Run | SavedRecipe, inputs: Sequence[str], answer: Answer) -> list[str]:
    """Says an answer in a line an input: the recipe's own, or the outputs by name as JSON."""
    if target.recipe is not None:
        return target.recipe.lines(inputs, answer)
    rows = []
    for row in range(len(inputs)):
        values = plain({name: value[row] for name, value in answer.items()})
        rows.append(json.dumps(values, ensure_ascii=False))
    return rows
