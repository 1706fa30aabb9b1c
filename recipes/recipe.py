"""What a recipe declares. It holds no training loop: every recipe answers to the same commands."""

from __future__ import annotations

import abc
import dataclasses
import inspect
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

import zoo
from recipes.drawings.showing import Showing
from recipes.drawings.showing import Shown as Shown
from recipes.metrics.measured import Measured
from recipes.metrics.measured import Published as Published
from zoo.deferred import keras, tf
from zoo.errors import naming, unknown_name
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


class Task(abc.ABC):
    """Data, model, objective and signatures: all that a fit and an export need.

    The abstract methods are called in the order in which they stand here; the others have a
    default that suits most tasks on text.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    topology: ClassVar[str]
    datasets: ClassVar[tuple[str, ...]]
    own_data: ClassVar[str]
    settings: ClassVar[TrainingSettings]
    assets: ClassVar[type[Assets]]
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
        """Reads a split; an error about the contents of a person's own file names the file.

        Raises:
            InputError: the data cannot be used, or the setting `dataset` is not one of `datasets`.
        """
        dataset = getattr(settings, "dataset", None)
        if data is None and dataset is not None and dataset not in self.datasets:
            raise unknown_name(f"dataset of recipe {self.name}", dataset, self.datasets)
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

    # What has a default ----------------------------------------------------------------------

    def built(self, settings: Any, topology: str | None = None, **more: Any) -> keras.Model:
        """Builds a topology from the settings that bear the names of its arguments.

        A setting of a recipe's record reaches the builder by its name alone.

        Args:
            settings: the recipe's settings.
            topology: registered name of a builder; None: the recipe's own.
            **more: the other arguments, and those that are to differ from the settings.

        Raises:
            InputError: the builder does not take an argument of `more`, or a value.
        """
        topology = topology or self.topology
        takes = inspect.signature(zoo.topologies.builders.get(topology)).parameters
        named = {name: value for name, value in vars(settings).items() if name in takes}
        return zoo.build(topology, **{**named, **more})

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

    def warmup(self) -> list[tuple[str, dict[str, np.ndarray]]]:
        """Returns requests (signature, inputs) that an export carries to warm a server up."""
        return []


class Recipe(Task, Measured, Showing):
    """A task that is measured and shown: what every command works with.

    Who opens a recipe's file reads from top to bottom: `read` (the data), `build` (the model),
    `objective` (the loss), `module` (what is exported) and `measure` (the metric).
    """

    def published_for(self, settings: Any) -> tuple[Published, ...]:
        """Returns those of `published` that are of the data which these settings ask for."""
        used = self.used_datasets(settings)
        return tuple(one for one in self.published if one.dataset in (None, *used))


def register(recipe: type[Recipe]) -> type[Recipe]:
    """Puts a recipe class under its name; a decorator."""
    REGISTRY.register(recipe.name)(recipe())
    return recipe
