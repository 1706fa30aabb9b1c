"""What a recipe declares. It holds no training loop: every recipe answers to the same commands."""

from __future__ import annotations

import abc
import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

import zoo
from recipes.metrics.answers import Answer, Answers
from zoo.deferred import keras, tf
from zoo.errors import naming
from zoo.registry import Registry
from zoo.tuning import Parameter

REGISTRY: Registry[Recipe] = Registry("recipe")


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """The settings that every recipe has; a recipe's own record extends this one."""

    batch_size: int = 64
    epochs: float = 10.0
    learning_rate: float = 1e-3
    warmup_steps: int = 0
    clip_norm: float = 5.0
    # Decoupled from the gradient (Loshchilov & Hutter 2019); None: no decay.
    weight_decay: float | None = None
    # None: no averaging of the weights.
    ema_momentum: float | None = None
    # Steps between two checkpoints; None: one epoch.
    round_steps: int | None = None
    # Most tokens of a batch, padding among them, in place of batch_size rows; None: rows.
    batch_tokens: int | None = None
    # The newest checkpoints are kept; `zoo average` makes a model of several.
    keep_checkpoints: int = 2
    # A fit lasts so many steps or more, however few the rows; where epochs are given, they count.
    least_steps: int = 1000

    def total_steps(self, steps_per_epoch: int) -> int:
        """Returns where training ends: after the epochs, or the least steps if more."""
        return max(1, self.least_steps, round(self.epochs * steps_per_epoch))

    def steps_per_round(self, steps_per_epoch: int) -> int:
        """Returns the steps between two validations: there are as many of them as epochs."""
        if self.round_steps is not None:
            return self.round_steps
        if self.total_steps(steps_per_epoch) > round(self.epochs * steps_per_epoch):
            return max(1, math.ceil(self.least_steps / max(self.epochs, 1)))
        return steps_per_epoch


# Fewer batches in an epoch are no sample of the data, and one that is not filled is none.
LEAST_BATCHES = 4


def fitting_batch_size(batch_size: int, rows: int) -> int:
    """Returns the rows of a batch: the setting, bounded so that an epoch has a few batches."""
    return max(1, min(batch_size, rows // LEAST_BATCHES))


class Assets(abc.ABC):
    """What a recipe learns from its training data beside weights: vocabularies, statistics."""

    @abc.abstractmethod
    def save(self, folder: Path) -> None:
        """Writes everything into an existing folder."""

    @classmethod
    @abc.abstractmethod
    def load(cls, folder: Path) -> Assets:
        """Reads what `save` wrote."""


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


class Recipe(abc.ABC):
    """Data, model, objective, metric, signatures and search space of one task.

    The class attributes are what `zoo list` shows. The abstract methods are called in the order in
    which they stand here; the others have a default that suits most recipes of text.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    topology: ClassVar[str]
    datasets: ClassVar[tuple[str, ...]]
    # The name in the metrics of `measure` that the recipe is judged by, and whether less is better.
    metric: ClassVar[str]
    lower_is_better: ClassVar[bool]
    published: ClassVar[tuple[Published, ...]] = ()
    own_data: ClassVar[str]
    # An input to show in cards and messages.
    example: ClassVar[str]
    settings: ClassVar[TrainingSettings]
    assets: ClassVar[type[Assets]]
    input_name: ClassVar[str]
    search_space: ClassVar[tuple[Parameter, ...]]
    # The validation measure that a search minimises; None: the nats a token, or else the loss.
    tuning_measure: ClassVar[str | None] = None

    @abc.abstractmethod
    def read(self, settings: Any, data: Path | None, split: str) -> list:
        """Returns the examples of "train", "validation" or "test"; never the test ones for others.

        Args:
            settings: The recipe's settings.
            data: A person's own file in the format of `own_data`, or None for the public data.
            split: Which part.
        """

    @abc.abstractmethod
    def prepare(self, settings: Any, examples: list) -> Assets:
        """Makes the assets of the training examples."""

    def examples(self, settings: Any, data: Path | None, split: str) -> list:
        """Reads a split; an error about the contents of a person's own file names the file."""
        with naming(data):
            return self.read(settings, data, split)

    def prepared(self, settings: Any, data: Path | None) -> tuple[list, Assets]:
        """Reads the training examples and makes the assets of them; errors as for `examples`."""
        train = self.examples(settings, data, "train")
        with naming(data):
            return train, self.prepare(settings, train)

    @abc.abstractmethod
    def build(self, settings: Any, assets: Assets) -> keras.Model:
        """Builds the model by its registered builder."""

    @abc.abstractmethod
    def columns(self, assets: Assets, examples: list) -> tuple[zoo.training.Columns, np.ndarray]:
        """Encodes examples: columns with a row an example, and the lengths to bucket by."""

    @abc.abstractmethod
    def features(self, columns: Mapping[str, tf.Tensor]) -> tuple[dict, dict]:
        """Turns a batch of gathered columns into the model's (inputs, targets)."""

    @abc.abstractmethod
    def objective(self, settings: Any) -> dict[str, Any]:
        """Returns `loss` and `metrics` for `keras.Model.compile`."""

    @abc.abstractmethod
    def module(self, settings: Any, assets: Assets, model: keras.Model) -> tf.Module:
        """Returns the module to export; its `signatures` map names to functions."""

    @abc.abstractmethod
    def measure(self, settings: Any, answers: Answers, examples: list) -> dict[str, float]:
        """Measures a model by its signatures on examples."""

    @abc.abstractmethod
    def lines(self, inputs: Sequence[str], answer: Answer) -> list[str]:
        """Says an answer of `serving_default` in a line an input, for a person."""

    @abc.abstractmethod
    def says(self, answer: Answer) -> list[str]:
        """Returns the bare answer of each row, in few words."""

    @abc.abstractmethod
    def draw(self, figure: Any, given: str, answer: Answer) -> None:
        """Draws what the model did with one input on a matplotlib figure."""

    # What has a default ----------------------------------------------------------------------

    def used_datasets(self, settings: Any) -> tuple[str, ...]:
        """Returns the datasets that these settings read, by name."""
        return (settings.dataset,) if hasattr(settings, "dataset") else self.datasets

    def plan(
        self, settings: Any, lengths: np.ndarray, seed: int
    ) -> zoo.training.BatchPlan | zoo.training.TokenBatchPlan:
        """Returns which rows make up which training batch."""
        if settings.batch_tokens is not None:
            return zoo.training.TokenBatchPlan(lengths, settings.batch_tokens, seed=seed)
        return zoo.training.BatchPlan(
            lengths, fitting_batch_size(settings.batch_size, len(lengths)), seed=seed
        )

    def trained(self, settings: Any, model: keras.Model) -> keras.Model:
        """Returns what is compiled for training: the model up to the outputs that are judged.

        Keras asks for a target of every output. Its layers, and so its weights, are the model's.
        """
        objective = self.objective(settings)
        names = {**objective["loss"], **(objective.get("metrics") or {})}
        judged = {name: model.output[name] for name in names}
        return keras.Model(model.input, judged, name=model.name)

    def kind_of(self, example: Any) -> Any:
        """Returns what of an example must also be in the training data for a model to know it."""
        return None

    def measure_against(
        self, settings: Any, answers: Answers, train: list, examples: list
    ) -> dict[str, float]:
        """Measures what needs the training examples as well; it goes beside what `measure` says."""
        return {}

    def baselines(self, settings: Any, train: list, examples: list) -> dict[str, dict[str, float]]:
        """Measures plain methods, learned from `train`, on examples: name -> metrics.

        The metrics have the names that `measure` gives them.
        """
        return {}

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

    def published_for(self, settings: Any) -> tuple[Published, ...]:
        """Returns those of `published` that are of the data which these settings ask for."""
        used = self.used_datasets(settings)
        return tuple(one for one in self.published if one.dataset in (None, *used))

    def example_for(self, settings: Any) -> str:
        """Returns an input to show beside a model with these settings."""
        return self.example

    def in_python(self, example: str) -> str:
        """Returns the line of Python that asks `model`, the saved model, for an example."""
        return f'model(["{example}"])'

    def warmup(self) -> list[tuple[str, dict[str, np.ndarray]]]:
        """Returns requests (signature, inputs) that an export carries to warm a server up."""
        return []


def register(recipe: type[Recipe]) -> type[Recipe]:
    """Puts a recipe class under its name; a decorator."""
    REGISTRY.register(recipe.name)(recipe())
    return recipe
