"""A task without measures and words, and settings that reach the builder by their names."""

import dataclasses

import pytest

import recipes
from recipes.addition import Addition
from recipes.recipe import Recipe, Task, TrainingSettings
from recipes.settings import replace
from recipes.workbench.run import Run
from zoo.errors import InputError

SMALL = {"train_sums": 64, "validation_sums": 8, "test_sums": 8, "units": 8, "digits": 2}


@dataclasses.dataclass(frozen=True)
class Settings(TrainingSettings):
    units: int = 6
    num_layers: int = 2
    recurrent_weight_dropout: float = 0.25
    # No argument of a builder.
    horizon: int = 3


def _bare(**attributes) -> Task:
    """Returns a task with no method of measuring or showing."""
    own = {name for name in Task.__abstractmethods__}
    methods = {name: vars(Task).get(name) for name in own}
    made = type("Bare", (Task,), {**methods, **attributes})
    made.__abstractmethods__ = frozenset()
    return made()


def test_settings_reach_the_builder_by_their_names():
    task = _bare(topology="n_to_n")
    model = task.built(Settings(), num_classes=4, num_features=3)
    stack = model.get_layer("recurrence").get_config()
    assert (stack["units"], stack["num_layers"]) == (6, 2)
    assert stack["recurrent_weight_dropout"] == 0.25
    other = task.built(Settings(), num_classes=4, num_features=3, num_layers=1)
    assert other.get_layer("recurrence").get_config()["num_layers"] == 1


def test_an_argument_that_the_builder_does_not_take_is_named():
    with pytest.raises(InputError, match="num_clases"):
        _bare(topology="n_to_n").built(Settings(), num_clases=4)


def test_training_settings_have_no_name_that_a_builder_takes():
    import inspect

    from zoo.topologies.registry import builders

    own = {field.name for field in dataclasses.fields(TrainingSettings)}
    for name in builders.names("*"):
        assert not own & set(inspect.signature(builders.get(name)).parameters), name


def test_a_task_alone_is_fitted(tmp_path):
    recipe = recipes.get("addition").recipe
    needed = ("read", "prepare", "build", "columns", "features", "objective", "module", "trained")
    borrowed = {name: getattr(Addition, name) for name in (*needed, "encoded")}
    kept = {name: getattr(recipe, name) for name in ("name", "topology", "datasets", "assets")}
    # `trained` of the family ends in that of the task.
    borrowed["trained"] = Task.trained
    task = type("Bare", (Task,), {**borrowed, **kept})()
    assert not isinstance(task, Recipe)
    run = Run.start(task, tmp_path / "run", replace(recipe.settings, SMALL), steps=2)
    history = run.fit()
    assert history[-1]["step"] == 2 and run.folder.model.is_file()


def test_an_unknown_dataset_is_refused_with_those_that_there_are():
    recipe = recipes.get("g2p").recipe
    with pytest.raises(InputError, match="cmudict-g014b2b"):
        recipe.examples(replace(recipe.settings, {"dataset": "cmudict-g014"}), None, "train")
