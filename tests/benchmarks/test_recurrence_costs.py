import csv
import math

import numpy as np
import pytest

from benchmarks import recurrence
from benchmarks.turns import file_name, time_in_turns, write_csv


@pytest.mark.parametrize("batch, time", [(16, 128), (64, 64), (256, 10)])
def test_half_of_the_steps_are_padding(batch, time):
    lengths = recurrence.half_lengths(batch, time)
    assert lengths.max() == time
    assert lengths.min() >= 1
    assert lengths.mean() / time == pytest.approx(0.5, abs=0.06)


def test_the_summary_is_the_geometric_mean_and_the_least():
    row = {"work": "step", "lengths": "full", "cell": "LSTM", "library": "keras"}
    ratios = [0.5, 2.0, 4.0]
    rows = [
        row | {f"{kind}_ratio": ratio for kind in ("median", "best", "cpu")} for ratio in ratios
    ]
    # Ours is not its own peer, and a row of growth has no ratio.
    rows += [rows[0] | {"library": "zoo"}, {"work": "growth", "library": "zoo"}]
    # Beside another cell it is counted apart.
    rows.append(rows[0] | {"cell": "MinGRU"})
    totals = recurrence.summary(rows)
    assert {total["time"] for total in totals} == {"median", "best", "cpu"}
    assert {total["cell"] for total in totals} == {"every cell", "LSTM", "MinGRU"}
    for total in totals:
        assert total["least"] == 0.5
        wanted = 0.5 if total["cell"] == "MinGRU" else math.prod(ratios) ** (1 / 3)
        assert total["mean"] == pytest.approx(wanted, abs=0.01)


def test_turns_run_everyone_alike():
    calls = {"a": 0, "b": 0}

    def count(name):
        calls[name] += 1

    times = time_in_turns({name: lambda name=name: count(name) for name in calls}, 60.0, most=6)
    assert calls == {"a": 8, "b": 8}
    assert all(0 <= taken["best"] <= taken["median"] for taken in times.values())


def test_results_are_written_with_hardware_and_precision_in_the_name(tmp_path):
    path = tmp_path / "results" / file_name("recurrence-times", "float32")
    assert path.name.startswith("recurrence-times-")
    assert path.name.endswith("-cores-float32.csv")
    write_csv(path, [{"cell": "LSTM", "ms": 1.5}, {"cell": "GRU", "mib": 3}])
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {"cell": "LSTM", "ms": "1.5", "mib": ""}
    assert rows[1] == {"cell": "GRU", "ms": "", "mib": "3"}


@pytest.mark.slow
@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("cell", recurrence.CELLS)
def test_the_libraries_do_the_same_work(cell, half):
    size = (4, 6, 3, 5)
    steps = {name: recurrence.pair(name, cell, size, half)[1] for name in ("zoo", "keras")}
    shapes = [[tuple(part.shape) for part in step()] for step in steps.values()]
    assert shapes[0] == shapes[1]
    assert all(np.all(np.isfinite(part)) for part in steps["zoo"]())
