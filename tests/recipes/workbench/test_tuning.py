"""Tuning a recipe: a trial is a run, and a run can be gone on with."""

import csv
import dataclasses
import json
import math
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import recipes
from recipes.recipe import REGISTRY as registry
from recipes.recipe import Assets, Recipe, TrainingSettings
from recipes.settings import read_file, replace
from recipes.workbench import tuning
from zoo.errors import InputError
from zoo.training.run_folder import RunFolder
from zoo.tuning import Parameter
from zoo.tuning.parameter import check_space
from zoo.tuning.plan import Plan

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras_tuner.*")


@dataclasses.dataclass(frozen=True)
class Settings(TrainingSettings):
    units: int = 4
    activation: str | None = None
    batch_size: int = 8
    epochs: float = 3.0
    learning_rate: float = 0.01
    dropout: float = 0.2
    least_steps: int = 0


class NoAssets(Assets):
    def save(self, folder: Path) -> None:
        (folder / "nothing.txt").write_text("")

    @classmethod
    def load(cls, folder: Path) -> "NoAssets":
        return cls()


class Line(Recipe):
    """A line through points: learns in milliseconds."""

    name = "line"
    settings = Settings()
    assets = NoAssets
    search_space = (
        Parameter("units", choices=(4, 8)),
        Parameter("activation", choices=(None, "tanh")),
        Parameter("learning_rate", low=1e-3, high=1e-1, log=True),
    )

    def read(self, settings, data, split):
        if data is not None and not data.is_file():
            raise InputError(f"{data}: no such file")
        random = np.random.default_rng({"train": 0, "validation": 1, "test": 2}[split])
        x = random.normal(size=(64 if split == "train" else 16, 3)).astype("float32")
        return list(zip(x, x @ np.float32([1, -2, 3]), strict=True))

    def prepare(self, settings, examples):
        return NoAssets()

    def build(self, settings, assets):
        x = keras.Input([3], name="x")
        hidden = keras.layers.Dense(settings.units, activation=settings.activation)(x)
        hidden = keras.layers.Dropout(settings.dropout)(hidden)
        y = keras.layers.Dense(1)(hidden)
        return keras.Model({"x": x}, {"y": keras.layers.Flatten(name="y")(y)})

    def columns(self, assets, examples):
        x, y = (np.stack(part) for part in zip(*examples, strict=True))
        return {"x": x, "y": y[:, None]}, np.ones(len(x), int)

    def features(self, columns):
        return {"x": columns["x"]}, {"y": columns["y"]}

    def objective(self, settings):
        return {"loss": {"y": "mse"}, "metrics": {}}

    measure = lines = says = draw = samples = None

    def module(self, settings, assets, model):
        return tf.Module()


Line.__abstractmethods__ = frozenset()


@pytest.fixture(name="line")
def line_fixture(monkeypatch):
    """The recipe, registered for the length of one test."""
    recipe = Line()
    monkeypatch.setattr(registry, "_entries", {**registry._entries, "line": recipe})
    return recipe


def interrupt_at(monkeypatch, id, step):
    """Interrupts a trial after some steps, as Ctrl-C does."""

    def on_train_batch_end(self, batch, logs=None):
        self.step = getattr(self, "step", 0) + 1
        if self.trial.id == id and self.step == step:
            raise KeyboardInterrupt

    monkeypatch.setattr(tuning.Watch, "on_train_batch_end", on_train_batch_end)


def table(tuned):
    with open(tuned.folder.table, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", recipes.names())
def test_every_recipe_declares_a_search_space_that_fits_its_settings(name):
    recipe = registry.get(name)
    check_space(recipe.search_space, dataclasses.asdict(recipe.settings))
    for parameter in recipe.search_space:
        ends = parameter.choices or (parameter.low, parameter.high)
        for value in ends:
            changed = replace(recipe.settings, {parameter.name: value})
            assert getattr(changed, parameter.name) == value


def test_trials_are_runs_and_the_best_settings_are_what_fit_takes(line, tmp_path):
    tuned = tuning.tune(line, tmp_path / "tuned", trials=2, settings={"batch_size": 16})
    rows = table(tuned)
    assert [row["status"] for row in rows] == ["done"] * 2
    for row in rows:
        folder = RunFolder(tuned.folder.trials / row["trial"])
        settings = folder.description()["settings"]
        assert settings["batch_size"] == 16 and settings["units"] == int(row["units"])
        history = [round["val_loss"] for round in folder.read_history()]
        assert float(row["score"]) == pytest.approx(min(history), rel=1e-5)
        assert row["measure"] == "val_loss" and len(history) == 3
        assert folder.model.is_file()
    # First the recipe's own settings.
    assert tuned.outcomes[0].values == {"units": 4, "activation": None, "learning_rate": 0.01}
    best = replace(line.settings, read_file(tuned.folder.best))
    assert best.batch_size == 16 and best.epochs == line.settings.epochs
    assert best.learning_rate == tuned.best.values["learning_rate"]
    assert tuned.settings == {"batch_size": 16, **tuned.best.values}
    assert tuned.folder.picture.read_bytes().startswith(b"\x89PNG")
    # What a trial printed is in its log, not on the screen.
    assert "64 examples, 4 steps an epoch" in (tuned.folder.logs / "0000.txt").read_text()


@pytest.mark.slow
def test_a_trial_that_gets_no_better_is_stopped(line, tmp_path):
    line.search_space = (Parameter("learning_rate", choices=(1e-30, 1e-2)),)
    tuned = tuning.tune(
        line, tmp_path / "t", trials=2, epochs=8, stop_after=2, settings={"dropout": 0.0}
    )
    rounds = {
        o.values["learning_rate"]: len(RunFolder(tuned.folder.trials / o.id).read_history())
        for o in tuned.outcomes
    }
    # One round sets the mark, two are not better.
    assert rounds == {1e-30: 3, 1e-2: 8}


@pytest.mark.slow
def test_a_trial_that_diverges_is_recorded(line, tmp_path):
    line.search_space = (Parameter("learning_rate", choices=(1e-2, 1e30)),)
    tuned = tuning.tune(line, tmp_path / "t", trials=2)
    assert [(row["status"], row["reason"]) for row in table(tuned)] == [
        ("done", ""),
        ("failed", "diverged: loss is nan at step 2"),
    ]
    assert tuned.settings == {"learning_rate": 1e-2}


@pytest.mark.slow
def test_an_interrupted_trial_goes_on_from_its_checkpoint(line, tmp_path, monkeypatch):
    whole = tuning.tune(line, tmp_path / "whole", trials=2, settings={"ema_momentum": 0.9})
    with monkeypatch.context() as patch:
        # In its second round of eight steps, after one checkpoint.
        interrupt_at(patch, "0001", step=14)
        with pytest.raises(KeyboardInterrupt):
            tuning.tune(line, tmp_path / "t", trials=2, settings={"ema_momentum": 0.9})
    assert (tmp_path / "t" / "trials.png").is_file()
    folder = RunFolder(tmp_path / "t" / "trials" / "0001")
    assert folder.checkpoints.steps() == [8]
    finished = (tmp_path / "t" / "trials" / "0000" / "model.keras").stat().st_mtime_ns
    started = (folder.path / "run.json").stat().st_mtime_ns
    steps = []
    with monkeypatch.context() as patch:
        patch.setattr(
            tuning.Watch,
            "on_train_batch_end",
            lambda self, batch, logs=None: steps.append(self.trial.id),
        )
        tuned = tuning.tune(line, tmp_path / "t", resume=True)
    # Of the 24 steps of 0001, the eight before the checkpoint were not done again.
    assert (steps.count("0000"), steps.count("0001")) == (0, 16)
    assert (folder.path / "run.json").stat().st_mtime_ns == started
    assert (tmp_path / "t" / "trials" / "0000" / "model.keras").stat().st_mtime_ns == finished
    assert [(o.values, o.score) for o in tuned.outcomes] == [
        (o.values, o.score) for o in whole.outcomes
    ]


def test_a_trial_killed_while_its_folder_was_made_starts_anew(line, tmp_path, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(NoAssets, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            tuning.tune(line, tmp_path / "t", trials=1)
    assert (tmp_path / "t" / "trials" / "0000" / "run.json").is_file()
    tuned = tuning.tune(line, tmp_path / "t", resume=True)
    assert [o.status for o in tuned.outcomes] == ["done"]


@pytest.mark.slow
def test_hyperband_maps_its_lengths_to_epochs(line, tmp_path):
    tuned = tuning.tune(line, tmp_path / "t", tuner="hyperband", epochs=3, trials=4)
    epochs = [
        RunFolder(tuned.folder.trials / o.id).description()["settings"]["epochs"]
        for o in tuned.outcomes
    ]
    np.testing.assert_allclose(epochs, [1.0] * 3 + [3.0])


def test_steps_are_a_length_too(line, tmp_path):
    tuned = tuning.tune(line, tmp_path / "t", steps=5, trials=1)
    run = RunFolder(tuned.folder.trials / "0000")
    assert run.description()["steps"] == 5 and run.read_history()[-1]["step"] == 5


@pytest.mark.slow
def test_a_time_budget_can_be_given_again(line, tmp_path, monkeypatch):
    looks = iter(range(1000))
    with monkeypatch.context() as patch:
        # The time ends after some twenty looks at it: in the third round of eight steps.
        patch.setattr(Plan, "time_is_up", property(lambda plan: next(looks) > 20))
        tuned = tuning.tune(line, tmp_path / "t", minutes=60.0)
    assert [o.status for o in tuned.outcomes] == ["unfinished"]
    run = RunFolder(tuned.folder.trials / "0000")
    assert run.checkpoints.steps() == [8, 16] and not run.model.exists()
    assert tuned.best.score == pytest.approx(min(r["val_loss"] for r in run.read_history()))
    with pytest.raises(InputError, match="the time budget of this search has ended"):
        tuning.tune(line, tmp_path / "t", resume=True)
    tuned = tuning.tune(line, tmp_path / "t", trials=1, resume=True)
    assert [o.status for o in tuned.outcomes] == ["done"] and run.model.exists()


def test_what_cannot_be_tuned_is_told_before_anything_is_made(line, tmp_path):
    where = tmp_path / "t"

    def refused(message, **arguments):
        with pytest.raises(InputError, match=message):
            tuning.tune(line, where, **arguments)
        assert not where.exists()

    refused("missing.tsv: no such file", data=tmp_path / "missing.tsv")
    refused("setting 'units' is varied by the search of recipe 'line'", settings={"units": 3})
    refused("unknown setting 'unit'", settings={"unit": 3})
    refused("unknown tuner 'grid'", tuner="grid")
    refused("there is no search here", resume=True)
    refused("minutes=-1: expected more than 0", minutes=-1.0)


def test_a_search_of_another_recipe_is_not_gone_on_with(line, tmp_path, monkeypatch):
    tuning.tune(line, tmp_path / "t", trials=1)
    with pytest.raises(InputError, match="holds a search already"):
        tuning.tune(line, tmp_path / "t", trials=1)
    other = Line()
    other.name = "other"
    with pytest.raises(InputError, match="is a search of recipe 'line', not of 'other'"):
        tuning.tune(other, tmp_path / "t", resume=True)


def test_without_matplotlib_there_is_no_picture_but_a_reason(line, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    lines = []
    tuned = tuning.tune(line, tmp_path / "t", trials=1, say=lines.append)
    assert lines[-1] == "no picture: the picture needs matplotlib: pip install rnn-zoo[plot]"
    assert not tuned.folder.picture.exists()


def test_a_recipe_may_name_its_own_measure(line, tmp_path):
    line.tuning_measure = "val_mistakes"
    with pytest.raises(InputError, match=r"expected val_mistakes, found .*val_loss"):
        tuning.tune(line, tmp_path / "t", trials=1)


@pytest.mark.parametrize(
    "kind", ["RandomSearch", pytest.param("Hyperband", marks=pytest.mark.slow)]
)
def test_hypermodel_works_with_ones_own_keras_tuner_code(line, tmp_path, kind):
    import keras_tuner

    budget = {"RandomSearch": {"max_trials": 2}, "Hyperband": {"max_epochs": 3}}[kind]
    tuner = getattr(keras_tuner, kind)(
        tuning.hypermodel(line, batch_size=16, ema_momentum=0.9),
        objective=keras_tuner.Objective("val_loss", "min"),
        seed=1,
        directory=tmp_path,
        **budget,
    )
    tuner.search(verbose=0)
    best = tuner.get_best_hyperparameters()[0].values
    assert all(name in best for name in ("units", "activation", "learning_rate"))
    (model,) = tuner.get_best_models()
    examples = line.read(line.settings, None, "validation")
    columns, _ = line.columns(NoAssets(), examples)
    inputs, targets = line.features({name: tf.constant(c) for name, c in columns.items()})
    loss = np.mean((model(inputs)["y"].numpy() - targets["y"].numpy()) ** 2)
    score = tuner.oracle.get_best_trials()[0].score
    assert math.isfinite(score)
    if kind == "RandomSearch":
        assert loss == pytest.approx(score, rel=1e-4)


def test_hypermodel_declares_the_space_with_the_recipes_defaults(line):
    import keras_tuner

    hp = keras_tuner.HyperParameters()
    model = tuning.hypermodel(line, learning_rate=0.05).build(hp)
    assert hp.values == {"units": 4, "activation": "None", "learning_rate": 0.05}
    assert isinstance(model, keras.Model) and model.optimizer is not None
    assert json.dumps(hp.get_config())
