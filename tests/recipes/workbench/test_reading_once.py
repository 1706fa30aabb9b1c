"""A fit reads each split once, and plain methods are measured once for the same data."""

import pytest

import recipes
from recipes.settings import replace
from recipes.workbench.kept_baselines import kept_baselines
from recipes.workbench.run import Run

SMALL = {"train_sums": 64, "validation_sums": 8, "test_sums": 8, "units": 8, "digits": 2}


@pytest.fixture
def recipe():
    return recipes.get("addition").recipe


def test_fitting_measuring_and_showing_read_each_split_once(tmp_path, recipe, monkeypatch):
    monkeypatch.setenv("ZOO_BASELINES", str(tmp_path / "kept"))
    read, measured = [], []
    reading, plain = type(recipe).read, type(recipe).baselines
    monkeypatch.setattr(
        type(recipe), "read", lambda self, *a: read.append(a[-1]) or reading(self, *a)
    )
    monkeypatch.setattr(
        type(recipe), "baselines", lambda self, *a: measured.append(1) or plain(self, *a)
    )
    figures = []
    for name in ("one", "two"):
        read.clear()
        run = Run.start(recipe, tmp_path / name, replace(recipe.settings, SMALL), steps=1)
        run.fit()
        run.evaluate("validation")
        run.recipe.show(run.answers, run.examples("validation"), 2)
        assert sorted(read) == ["train", "validation"]
        figures.append(run.folder.read_json("metrics.json")["baselines"]["validation"])
    assert measured == [1] and figures[0] == figures[1]


def test_other_data_settings_or_a_broken_file_are_measured_anew(tmp_path, recipe, monkeypatch):
    monkeypatch.setenv("ZOO_BASELINES", str(tmp_path))
    settings, calls = recipe.settings, []
    monkeypatch.setattr(
        type(recipe),
        "baselines",
        lambda self, s, train, examples: calls.append(1) or {"plain": {"exact_match": 0.5}},
    )
    train, examples = [("1+1", "2")], [("1+2", "3")]

    def asked(*given):
        before = len(calls)
        assert kept_baselines(recipe, *given) == {"plain": {"exact_match": 0.5}}
        return len(calls) - before

    assert asked(settings, train, examples) == 1
    assert asked(settings, train, examples) == 0
    # How a network is trained is nothing to a plain method.
    assert asked(replace(settings, {"epochs": 1, "batch_size": 2}), train, examples) == 0
    assert asked(replace(settings, {"digits": 2}), train, examples) == 1
    assert asked(settings, train, train) == 1
    for file in tmp_path.glob("*.json"):
        file.write_text("{", encoding="utf-8")
    assert asked(settings, train, examples) == 1
    assert asked(settings, train, examples) == 0
    # What cannot be told from other data is not kept.
    odd = [(lambda: None, "2")]
    assert asked(settings, odd, examples) + asked(settings, odd, examples) == 2
    monkeypatch.setenv("ZOO_BASELINES", "")
    assert asked(settings, train, examples) == 1
