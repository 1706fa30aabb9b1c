"""air_quality from a CSV file to forecasts, on hours that the test makes."""

import json

import numpy as np
import pytest

import recipes
from recipes.datasets.air_quality import HEADER, WINDS
from recipes.workbench.plots import plot
from zoo.errors import InputError

TINY = {"window": 6, "horizon": 3, "units": 4, "batch_size": 16, "warmup_steps": 0}
HOURS = 200


def write(path, hours=HOURS, header=HEADER, change=None):
    """A day's wave of dust, with gaps, and weather at random."""
    random = np.random.default_rng(0)
    times = np.datetime64("2011-02-25T00") + np.arange(hours)
    lines = [",".join(header)]
    for row, time in enumerate(times):
        date, hour = str(time).split("T")
        dust = "NA" if row % 11 in (3, 4) else f"{60 + 50 * np.sin(2 * np.pi * row / 24):.1f}"
        weather = [*random.normal(size=3).round(2), WINDS[row % 4], *random.random(3).round(2)]
        year, month, day = map(int, date.split("-"))
        lines.append(",".join(map(str, [row + 1, year, month, day, int(hour), dust, *weather])))
    if change:
        lines = change(lines)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write(tmp_path_factory.mktemp("hours") / "own.csv")


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    where = tmp_path_factory.mktemp("run") / "run"
    return recipes.get("air_quality").fit(where, data=data, steps=2, round_steps=1, **TINY)


@pytest.fixture(scope="module")
def recipe():
    return recipes.get("air_quality").recipe


def test_no_truth_is_in_two_splits_and_no_split_looks_ahead(recipe, run, data):
    splits = {s: recipe.read(run.settings, data, s) for s in ("train", "validation", "test")}
    rows = {s: {w.end + k for w in found for k in range(3)} for s, found in splits.items()}
    assert not rows["train"] & rows["validation"] and not rows["validation"] & rows["test"]
    assert max(rows["train"]) < min(rows["validation"]) and max(rows["test"]) < HOURS
    # The scale knows the training rows alone.
    last = max(rows["train"]) + 1
    values = splits["train"][0].series.columns["temperature"][:last]
    assert run.assets.means["temperature"] == pytest.approx(float(np.nanmean(values)), rel=1e-5)


def test_what_was_not_measured_is_neither_read_nor_scored(recipe, run, data):
    window = recipe.read(run.settings, data, "test")[5]
    answer = run.answers(**recipe._asked([window]))
    assert answer["forecast"].shape == (1, 3) and np.all(answer["forecast"] >= 0)
    assert answer["last"] == window.past("pm25")[~np.isnan(window.past("pm25"))][-1]
    columns, _ = recipe.columns(run.assets, [window])
    assert np.array_equal(np.isnan(columns["truth"][0]), np.isnan(window.truth("pm25")))


def test_training_starts_from_the_linear_model(recipe, run, data):
    windows = recipe.read(run.settings, data, "validation")
    model = recipe.build(run.settings, run.assets)
    for weight in model.get_layer("forecast").get_layer("output_projection").weights:
        weight.assign(np.zeros(weight.shape))
    columns, _ = recipe.columns(run.assets, windows)
    given, _ = recipe.features(columns)
    found = np.maximum(model.predict(given, verbose=0)["forecast"], 0)
    train = recipe.read(run.settings, data, "train")
    linear = recipe.baselines(run.settings, train, windows)["linear model"]
    truth = np.stack([w.truth("pm25") for w in windows])
    assert np.sqrt(np.nanmean((found - truth) ** 2, 0)).mean() == pytest.approx(
        linear["rmse"], rel=1e-3
    )


def test_a_search_goes_by_errors_in_the_unit_of_the_series(recipe, run, data):
    windows = recipe.read(run.settings, data, "validation")
    columns, _ = recipe.columns(run.assets, windows)
    forecast = run.model.predict(recipe.features(columns)[0], verbose=0)["forecast"]
    truth = np.stack([w.truth("pm25") for w in windows])
    found = run.folder.read_history()[-1][recipe.tuning_measure]
    assert found == pytest.approx(np.sqrt(np.nanmean((forecast - truth) ** 2)), rel=1e-4)


def test_a_file_is_forecast_from_its_end_or_from_a_time(run, data):
    late, early = recipes.predict(run, [str(data), f"{data}@2011-02-26T20"])["forecast"]
    assert not np.allclose(late, early)
    # Rows before the window and after the time change nothing.
    short = write(data.with_name("short.csv"), hours=45)
    np.testing.assert_allclose(recipes.predict(run, [str(short)])["forecast"][0], early, rtol=1e-4)
    line = recipes.lines(run, ["x"], recipes.predict(run, [str(data)]))[0]
    assert "+1 hour" in line and "+3 hour" in line


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: [line.rpartition(",")[0] for line in lines], "line 1: expected the header"),
        (lambda lines: [*lines[:5], *lines[6:]], "line 6: .* does not follow"),
        (lambda lines: [line.replace("NE", "UP") for line in lines], "wind 'UP', expected"),
        (lambda lines: lines[:1], "no hour in the file"),
        (lambda lines: lines[:1] + lines[4:6], "pm25 was never measured"),
    ],
)
def test_a_bad_file_is_named_in_one_line(run, tmp_path, change, message):
    path = write(tmp_path / "bad.csv", hours=30, change=change)
    with pytest.raises(InputError, match=message) as caught:
        recipes.predict(run, [str(path)])
    assert "bad.csv" in str(caught.value) and "\n" not in str(caught.value)


def test_a_time_that_is_no_row_is_refused(run, data):
    with pytest.raises(InputError, match="is no time of a row; the rows go from 2011-02-25T00"):
        recipes.predict(run, [f"{data}@2013-01-01T00"])


def test_too_few_rows_are_refused(recipe, tmp_path):
    path = write(tmp_path / "few.csv", hours=40)
    with pytest.raises(InputError, match="40 rows are too few"):
        recipe.read(recipe.settings, path, "train")


def test_measures_are_by_horizon_beside_those_of_plain_methods(run):
    measured = run.evaluate("test")
    assert len(measured["rmse_by_horizon"]) == len(measured["mae_by_horizon"]) == 3
    kept = json.loads((run.folder.path / "metrics.json").read_text())["baselines"]["test"]
    assert set(kept) == {"persistence", "linear model"}
    # A day's wave: a line through the last hours knows it, the last value does not.
    assert kept["linear model"]["rmse"] < 0.5 * kept["persistence"]["rmse"]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["n_to_one", "n_to_m"])
def test_both_forms_train_export_and_draw(data, tmp_path, form):
    import zoo
    from recipes.workbench.exporting import export

    fit = recipes.get("air_quality").fit
    run = fit(tmp_path / "run", data=data, steps=4, form=form, **TINY)
    run.evaluate("test")
    export(run, tmp_path)
    given = run.recipe.inputs([str(data), f"{data}@2011-02-27T03"])
    found, own = zoo.load(tmp_path / "air_quality")(**given), run.answers(**given)
    for name, value in own.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5)
    picture = plot(str(tmp_path / "air_quality"), f"{data}@2011-03-01T03", tmp_path / "p.png")
    assert picture.stat().st_size > 5000
