"""A recipe fitted into a run folder: training, measuring, answering and exporting."""

import contextlib
import dataclasses
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

import zoo.topologies  # noqa: F401  (registers the layers that model.keras names)
from recipes.catalog import REGISTRY
from recipes.metrics.answers import Answers
from recipes.recipe import Recipe
from recipes.settings import replace
from recipes.workbench.kept_baselines import kept_baselines
from zoo import training
from zoo.errors import InputError, unknown_name
from zoo.references.checksum import digest
from zoo.training.run_folder import RunFolder

EVALUATION_BATCH = 512


class Run:
    """One run of a recipe in its folder.

    Make one with `Run.start` (a new folder) or `Run.open` (one that exists).

    Args:
        folder: The run folder.
        recipe: The recipe.
        settings: Its settings.
        seed: seed of weights, batches and dropout.
        data: A person's own data file, or None.
    """

    def __init__(self, folder: RunFolder, recipe: Recipe, settings, seed: int, data: Path | None):
        self.folder, self.recipe, self.settings = folder, recipe, settings
        self.seed, self.data = seed, data
        # Optimizer steps to train for, in place of the settings' epochs.
        self.steps: int | None = None
        self._digest_at_start: str | None = None
        # Each split is read once.
        self._examples: dict[str, list] = {}

    @classmethod
    def start(
        cls,
        recipe: Recipe,
        path: Path,
        settings,
        seed: int = 0,
        data: Path | None = None,
        steps: int | None = None,
    ) -> "Run":
        """Makes the run folder and what the model needs of the training data.

        Args:
            recipe: What to fit.
            path: The folder, new or empty.
            settings: The recipe's settings.
            seed: seed of weights, batches and dropout.
            data: A person's own data file, or None.
            steps: Optimizer steps to train for, in place of the settings' epochs.

        Raises:
            InputError: the folder is taken, or the data cannot be used (then no folder is made).
        """
        run = cls(RunFolder(path), recipe, settings, seed, data)
        run.steps = steps
        run._examples["train"], assets = recipe.prepared(settings, data)
        if training.Distribution.current().is_chief:
            with run.folder.discarded_where_refused():
                run.folder.create(run.description())
                assets.save(run.folder.assets)
        else:
            run.assets = assets
        return run

    @classmethod
    def open(cls, path: Path, recipe: str | None = None) -> "Run":
        """Opens a run folder.

        Args:
            path: The folder.
            recipe: The recipe that the caller means; another one's folder is refused.

        Raises:
            InputError: no run here, or another recipe's.
        """
        folder = RunFolder(path)
        described = folder.description()
        if recipe is not None and described["recipe"] != recipe:
            raise InputError(
                f"{path}: is a run of recipe {described['recipe']!r}, not of {recipe!r}; "
                f"give another --run-dir"
            )
        wanted = {"settings", "seed", "data", "steps"}
        if not wanted <= set(described) or not isinstance(described["settings"], dict):
            raise InputError(f"{path / 'run.json'}: is not the description of a run")
        owner = REGISTRY.get(described["recipe"])
        settings = replace(owner.settings, described["settings"])
        data = Path(described["data"]) if described["data"] else None
        run = cls(folder, owner, settings, described["seed"], data)
        run.steps, run._digest_at_start = described["steps"], described.get("data_sha256")
        return run

    def description(self) -> dict[str, Any]:
        """Returns what run.json says of the run: enough to start it again."""
        return {
            "recipe": self.recipe.name,
            "settings": dataclasses.asdict(self.settings),
            "seed": self.seed,
            "data": str(self.data.resolve()) if self.data else None,
            "data_sha256": self._digest_at_start or self._digest,
            "steps": self.steps,
        }

    @cached_property
    def _digest(self) -> str | None:
        return digest(self.data) if self.data else None

    def lengthen(self, epochs: float | None, steps: int | None) -> None:
        """Sets another goal for a run that is resumed, and notes it in run.json."""
        if epochs is None and steps is None:
            return
        if epochs is not None:
            self.settings, self.steps = replace(self.settings, {"epochs": epochs}), None
        if steps is not None:
            self.steps = steps
        if training.Distribution.current().is_chief:
            described = self.folder.description()
            self.folder.write_json("run.json", {**described, **self.description()})

    @cached_property
    def assets(self):
        return self.recipe.assets.load(self.folder.assets)

    def examples(self, split: str) -> list:
        """Returns the examples of a split; the first call reads them.

        Raises:
            InputError: the data cannot be used, or is not what the run was started with.
        """
        if self._digest_at_start and self._digest != self._digest_at_start:
            raise InputError(
                f"{self.data}: has changed since the run in {self.folder.path} was started, and "
                f"with it what is training data and what is test data; put it back as it was, or "
                f"start a new run in another --run-dir"
            )
        if split not in self._examples:
            self._examples[split] = self.recipe.examples(self.settings, self.data, split)
        return self._examples[split]

    def fit(
        self,
        resume: bool = False,
        say: Callable[[str], None] = lambda line: None,
        callbacks: tuple = (),
    ) -> list[dict[str, float]]:
        """Trains to the run's goal and saves the model.

        In the scope of a `tf.distribute` strategy its replicas train together; each process calls
        this, and the chief writes the folder.

        Args:
            resume: Whether to go on from the newest checkpoint, if there is one.
            say: Is given lines to show.
            callbacks: More Keras callbacks.

        Returns:
            The history, a row a round.

        Raises:
            InputError: the data or a setting cannot be used (a new run's folder is then removed),
                another process trains here, or the disk is full.
            DivergedError, TrainingInterruptedError, WorkerLostError: as of `zoo.training.fit`.
        """
        with contextlib.ExitStack() as held:
            if training.Distribution.current().is_chief:
                held.enter_context(self.folder.only_one_writer())
                if not resume:
                    held.enter_context(self.folder.discarded_where_refused())
            return self._fit(resume, say, callbacks)

    def _fit(self, resume, say, callbacks) -> list[dict[str, float]]:
        training.deterministic(self.seed)
        settings, recipe = self.settings, self.recipe
        self.folder.checkpoints.keep = settings.keep_checkpoints
        distribution = training.Distribution.current()
        examples = self.examples("train")
        columns, lengths = recipe.columns(self.assets, examples)
        plan = recipe.plan(settings, lengths, self.seed)
        per_epoch = plan.steps_per_epoch
        total = self.steps or settings.total_steps(per_epoch)
        model, trained = compiled(recipe, settings, self.assets, total)
        rows = getattr(plan, "batch_size", None)
        fewer = settings.batch_tokens is None and rows is not None and rows < settings.batch_size
        bounded = f" of {rows} rows, as there are few" if fewer else ""
        say(
            f"{len(examples)} examples, {per_epoch} steps an epoch, {total} steps{bounded}; "
            f"{model.count_params():,} weights; padding {plan.padding_share():.1%}"
        )
        validation, validation_steps = distribution.evaluation_batches(
            *self._validation(), EVALUATION_BATCH
        )
        distribution.agree("recipe, settings or seed", {**self.description(), "data": None})
        distribution.agree("training data", (per_epoch, lengths.tobytes()))
        began = time.perf_counter()
        history = training.fit(
            trained,
            lambda step: distribution.training_stream(plan, columns, recipe.features, step),
            self.folder,
            total_steps=total,
            steps_per_epoch=per_epoch,
            round_steps=settings.steps_per_round(per_epoch)
            if not self.steps
            else settings.round_steps,
            validation=validation,
            validation_steps=validation_steps,
            resume=resume,
            callbacks=callbacks,
        )
        # What was measured was the model before; its module goes with it.
        self.__dict__.pop("module", None)
        if distribution.is_chief:
            self.folder.save_model(model)
            self.folder.metrics.unlink(missing_ok=True)
        if distribution.strategy is None:
            self.model = model
        else:
            # Read anew from the folder: a copy that belongs to no strategy.
            self.__dict__.pop("model", None)
        say(f"trained in {(time.perf_counter() - began) / 60:.1f} min; {self.folder.path}")
        return history

    def average(self, last: int) -> list[int]:
        """Makes the mean of the last checkpoints the run's model; see `average_checkpoints`.

        run.json then names their steps; what was measured on the model before is forgotten.
        """
        model = self.folder.load_model()
        trained = self.recipe.trained(self.settings, model)
        steps = training.average_checkpoints(self.folder.checkpoints, trained.variables, last)
        self.folder.save_model(model)
        self.folder.write_json("run.json", {**self.folder.description(), "averaged": steps})
        self.folder.metrics.unlink(missing_ok=True)
        self.__dict__.pop("module", None)
        self.model = model
        return steps

    def _validation(self) -> tuple:
        columns, lengths = self.recipe.columns(self.assets, self.examples("validation"))
        return columns, self.recipe.features, lengths

    @cached_property
    def model(self):
        return self.folder.load_model()

    @cached_property
    def module(self) -> tf.Module:
        """What would be exported, in memory."""
        return self.recipe.module(self.settings, self.assets, self.model)

    @property
    def answers(self) -> Answers:
        """The signatures of the module."""
        functions = self.module.signatures
        inputs = {name: [one.name for one in f.input_signature] for name, f in functions.items()}
        return Answers({name: _by_name(f) for name, f in functions.items()}, inputs)

    def evaluate(self, split: str = "test") -> dict[str, float]:
        """Measures the model and the recipe's baselines on a split; metrics.json keeps both."""
        began, examples = time.perf_counter(), self.examples(split)
        train = self.examples("train")
        measured = self.recipe.measure(self.settings, self.answers, examples)
        measured.update(self.recipe.measure_against(self.settings, self.answers, train, examples))
        measured["seconds"] = round(time.perf_counter() - began, 1)
        kept = self.folder.read_json("metrics.json") if self.folder.metrics.is_file() else {}
        plain = kept_baselines(self.recipe, self.settings, train, examples)
        if plain:
            kept["baselines"] = {**kept.get("baselines", {}), split: plain}
        history = self.folder.read_history()
        if history:
            kept["training"] = {
                "steps": int(history[-1]["step"]),
                "epochs": round(history[-1]["epoch"], 2),
                "seconds": round(sum(row["seconds"] for row in history), 1),
            }
        self.folder.write_json("metrics.json", {**kept, split: measured})
        return measured


def plain_method_ahead(recipe: Recipe, measured: dict, baselines: dict) -> str | None:
    """Says in a line which plain method is better than the network, and by how much; or None.

    Args:
        recipe: whose metric decides.
        measured: the network's figures on a split.
        baselines: the plain methods' on the same split: name -> figures.
    """
    figures = {
        name: values[recipe.metric] for name, values in baselines.items() if recipe.metric in values
    }
    if not figures or recipe.metric not in measured:
        return None
    best = (min if recipe.lower_is_better else max)(figures, key=figures.get)
    ours, plain = measured[recipe.metric], figures[best]
    ahead = ours - plain if recipe.lower_is_better else plain - ours
    if not ahead > 0:
        return None
    return (
        f"the plain method is ahead: {best} has {recipe.metric} {plain:.4g}, this model "
        f"{ours:.4g}, a difference of {ahead:.4g}; more data helps most, then more --epochs"
    )


def compiled(recipe: Recipe, settings, assets, total_steps: int) -> tuple[keras.Model, keras.Model]:
    """Builds a recipe's model, and beside it the same layers compiled for training."""
    model = recipe.build(settings, assets)
    # What could not be exported is refused now, and not after hours of training.
    recipe.module(settings, assets, model)
    trained = training.Distribution.current().replicated(recipe.trained(settings, model))
    trained.compile(
        optimizer=training.optimizer(
            settings.learning_rate,
            total_steps,
            warmup_steps=min(settings.warmup_steps, total_steps // 4),
            clip_norm=settings.clip_norm,
            ema_momentum=settings.ema_momentum,
            weight_decay=settings.weight_decay,
        ),
        **recipe.objective(settings),
    )
    return model, trained


def _by_name(function: tf.types.experimental.PolymorphicFunction) -> Callable:
    """Lets plain values be given by name to a function with an input signature."""
    specs = {spec.name: spec for spec in function.input_signature}

    def call(**inputs):
        tensors = {}
        for name, value in inputs.items():
            if name not in specs:
                raise unknown_name("input", name, specs)
            try:
                tensor = tf.constant(value, specs[name].dtype)
            except (TypeError, ValueError):
                wanted = specs[name].dtype.name
                raise InputError(f"input {name}={value!r}: expected {wanted}") from None
            # A single value for a setting stands for every row.
            tensors[name] = tensor if tensor.shape.rank else tensor[None]
        return function(**tensors)

    return call
