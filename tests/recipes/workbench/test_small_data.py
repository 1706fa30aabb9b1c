"""Fits on little data: how long they last, in which batches, and what is said of them."""

import dataclasses

import numpy as np
import pytest

import recipes
from recipes.catalog import REGISTRY
from recipes.recipe import TrainingSettings, fitting_batch_size
from recipes.settings import replace
from recipes.workbench import small_data
from recipes.workbench.run import plain_method_ahead
from zoo.errors import InputError


def test_a_fit_lasts_its_epochs_or_the_least_steps():
    settings = TrainingSettings(epochs=10.0, least_steps=1000)
    assert settings.total_steps(300) == 3000 and settings.steps_per_round(300) == 300
    # Ten rounds as well, of a hundred steps and not of four.
    assert settings.total_steps(4) == 1000 and settings.steps_per_round(4) == 100
    fixed = dataclasses.replace(settings, round_steps=7)
    assert fixed.steps_per_round(4) == fixed.steps_per_round(300) == 7


def test_epochs_that_are_given_are_meant():
    settings = TrainingSettings()
    assert replace(settings, {"epochs": "3"}).total_steps(4) == 12
    assert replace(settings, {"epochs": 3, "least_steps": 20}).total_steps(4) == 20
    assert replace(settings, {"units": 3} if hasattr(settings, "units") else {}) == settings


@pytest.mark.parametrize("rows", [1, 2, 7, 64, 255, 256, 10_000])
def test_a_batch_is_bounded_by_the_rows(rows):
    recipe = REGISTRY.get("question_type")
    plan = recipe.plan(recipe.settings, np.ones(rows, int), 0)
    assert plan.batch_size == fitting_batch_size(recipe.settings.batch_size, rows)
    assert plan.batch_size == min(64, max(1, rows // 4))
    assert plan.steps_per_epoch >= min(rows, 4)


@pytest.mark.parametrize(
    ("ours", "lower", "line"),
    [
        (0.9, False, None),
        (0.7, False, None),
        (0.5, False, "b has measure 0.7, this model 0.5, a difference of 0.2"),
        (0.1, True, None),
        (0.5, True, "a has measure 0.3, this model 0.5, a difference of 0.2"),
    ],
)
def test_the_plain_method_is_named_where_it_is_ahead(ours, lower, line):
    class Named:
        metric, lower_is_better = "measure", lower

    baselines = {"a": {"measure": 0.3}, "b": {"measure": 0.7}, "c": {"other": 9.0}}
    said = plain_method_ahead(Named, {"measure": ours}, baselines)
    assert said is None if line is None else line in said
    assert plain_method_ahead(Named, {"measure": ours}, {}) is None


def test_a_part_of_the_training_data_alone(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("".join(f"text {i}\tlabel {i % 2}\n" for i in range(200)))
    recipe = REGISTRY.get("question_type")
    part = small_data.with_part_of(recipe, 0.1)
    whole = recipe.examples(recipe.settings, path, "train")
    chosen = part.examples(part.settings, path, "train")
    assert len(chosen) == round(len(whole) / 10) and set(chosen) < set(whole)
    assert chosen == small_data.with_part_of(recipe, 0.1).examples(part.settings, path, "train")
    for split in ("validation", "test"):
        assert part.examples(part.settings, path, split) == recipe.examples(
            recipe.settings, path, split
        )


def test_the_table_keeps_the_rows_of_other_recipes(tmp_path, monkeypatch):
    def row(name, share, minutes, say):
        if name == "ner":
            raise InputError("no | data")
        return small_data.Row(name, share, 100, 10, 0.5, "accuracy ↑", 0.9, 0.5, "model", "here")

    monkeypatch.setattr(small_data, "fitted_row", row)
    to = tmp_path / "table.md"
    assert small_data.main(["g2p", "--to", str(to)]) == 0
    assert small_data.main(["ner", "g2p", "--shares", "0.01", "--to", str(to)]) == 0
    lines = to.read_text().splitlines()[-3:]
    assert lines[0].startswith("| g2p | 0.1 | 100 | 10 | 0.5 | accuracy ↑ | 0.9 | 0.5 | model |")
    assert lines[1].startswith("| g2p | 0.01 |")
    assert lines[2].startswith("| ner | 0.01 |") and "no / data" in lines[2]
    assert small_data.main(["g2p", "--shares", "2", "--to", str(to)]) == 2
    assert small_data.main(["nothing", "--to", str(to)]) == 2


@pytest.mark.slow
def test_default_settings_learn_from_few_commands(tmp_path):
    """Six hundred made-up commands, with the recipe's defaults alone."""
    random = np.random.default_rng(0)
    kinds = {
        "play": ("play {} by {}", ("song", "artist")),
        "weather": ("how is the weather in {} on {}", ("city", "day")),
        "book": ("book a table for {} in {}", ("people", "city")),
    }
    values = {
        "song": ["hello", "blue sky", "yesterday", "one more time"],
        "artist": ["adele", "the band", "mozart"],
        "city": ["paris", "new york", "rome", "oslo"],
        "day": ["monday", "friday", "sunday"],
        "people": ["two", "five", "ten"],
    }
    rows = []
    for _ in range(600):
        kind = random.choice(list(kinds))
        words, tags = [], []
        slots = iter(kinds[kind][1])
        for word in kinds[kind][0].split():
            if word != "{}":
                words.append(word)
                tags.append("O")
                continue
            slot = next(slots)
            chosen = str(random.choice(values[slot])).split()
            words += chosen
            tags += [f"{'I' if place else 'B'}-{slot}" for place in range(len(chosen))]
        rows.append(f"{kind}\t{' '.join(words)}\t{' '.join(tags)}")
    path = tmp_path / "own.tsv"
    path.write_text("\n".join(rows) + "\n")
    run = recipes.get("intent_slots").fit(tmp_path / "run", data=path)
    assert run.folder.read_history()[-1]["step"] >= 1000
    measured = run.evaluate("validation")
    assert measured[run.recipe.metric] > 0.95
