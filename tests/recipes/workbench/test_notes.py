"""What is written down about recipes, and the figures that others published."""

import configparser
from pathlib import Path

import pytest

from recipes import catalog, datasets
from recipes.settings import replace
from recipes.workbench.notes import MEASURED, TRIED, notes

ROOT = Path(__file__).parents[3]
NAMES = catalog.names()


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_says_how_it_is_measured_and_what_was_tried(name):
    written = notes(name)
    assert {MEASURED, TRIED} <= set(written)
    assert all(len(text) > 20 for text in written.values())


def test_data_that_a_recipe_makes_is_described():
    made = [name for name in NAMES if not catalog.REGISTRY.get(name).datasets]
    assert {"addition", "long_memory"} <= set(made)
    for name in made:
        assert "by the recipe" in notes(name)["The data"]


def test_every_note_is_of_a_recipe_and_comes_with_an_installed_zoo():
    assert {path.stem for path in (ROOT / "recipes" / "notes").glob("*.md")} == set(NAMES)
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert "notes/*.md" in setup["options.package_data"]["recipes"].split()


def test_a_recipe_of_ones_own_needs_no_notes():
    assert notes("not_shipped") == {}


def test_published_figures_are_chosen_by_the_data_that_is_read():
    recipe = catalog.REGISTRY.get("sentiment")
    for name in recipe.datasets:
        rows = recipe.published_for(replace(recipe.settings, {"dataset": name}))
        assert rows and {row.dataset for row in rows} == {name}


@pytest.mark.parametrize("name", NAMES)
def test_published_figures_name_a_dataset_of_the_registry(name):
    recipe = catalog.REGISTRY.get(name)
    for row in recipe.published:
        assert row.dataset is None or row.dataset in recipe.datasets
        assert row.dataset is None or datasets.get(row.dataset)
        assert row.system and row.figure and row.split and row.source
