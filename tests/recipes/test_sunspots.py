"""sunspots from a person's own months to forecasts."""

import numpy as np
import pytest

import recipes
from recipes.settings import replace
from zoo.errors import InputError

TINY = {"window": 24, "horizon": 4, "rows_per_step": 12, "units": 4, "batch_size": 16}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("months") / "own.csv"
    months = np.datetime64("1950-01") + np.arange(160)
    values = 50 + 40 * np.sin(2 * np.pi * np.arange(160) / 12)
    rows = [f'"{month}",{value:.2f}' for month, value in zip(months, values, strict=True)]
    path.write_text("\n".join(['"Month","Ice creams"', *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    where = tmp_path_factory.mktemp("run") / "run"
    return recipes.get("sunspots").fit(where, data=data, steps=2, **TINY)


def test_a_pure_cycle_is_continued(run, data):
    answer = recipes.predict(run, [f"{data}@1961-06"])
    wanted = 50 + 40 * np.sin(2 * np.pi * (np.arange(1, 5) + 137) / 12)
    # Two steps of training are hardly any: this is the linear model that it starts from.
    assert np.abs(answer["forecast"][0] - wanted).max() < 15
    measured = run.recipe.measure(run.settings, run.answers, run.examples("test"))
    plain = run.recipe.baselines(run.settings, run.examples("train"), run.examples("test"))
    assert measured["rmse"] < plain["persistence"]["rmse"]


def test_cycles_longer_than_the_window_are_left_out(run):
    past = np.arange(130.0)[None]
    found = run.recipe.more_baselines(past, 4)
    assert set(found) == {"cycle of 10 years"}
    np.testing.assert_array_equal(found["cycle of 10 years"], [[10, 11, 12, 13]])


def test_a_bad_file_is_named_in_one_line(run, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text('"Month"\n"1950-01"\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"bad.csv line 1: .* expected 'Month' and a name"):
        recipes.predict(run, [str(path)])


@pytest.mark.parametrize("shift", [0.0, -50.0])
def test_forecasts_are_bounded_by_zero_only_where_the_data_is(data, tmp_path, shift):
    head, *lines = data.read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines]
    path = tmp_path / "own.csv"
    text = [head, *(f"{month},{float(value) + shift:.2f}" for month, value in rows)]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    recipe = recipes.get("sunspots").recipe
    settings = replace(recipe.settings, TINY)
    _, assets = recipe.prepared(settings, path)
    assert assets.lowest == (0.0 if shift == 0 else None)
    assets.save(tmp_path)
    assert type(assets).load(tmp_path).lowest == assets.lowest
    module = recipe.module(settings, assets, recipe.build(settings, assets))
    # A window of low numbers: the forecast goes below zero where it may.
    past = np.linspace(0, shift * 2, TINY["window"], dtype="float32")
    answer = module.signatures["serving_default"](past[None])
    assert (answer["forecast"].numpy().min() < 0) == (shift < 0)
