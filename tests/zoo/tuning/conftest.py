"""A plan over a plain function, in a folder of its own."""

import csv

import pytest

from zoo.tuning import Parameter
from zoo.tuning.folder import SearchFolder
from zoo.tuning.plan import Plan
from zoo.tuning.report import Report
from zoo.tuning.search import search

SPACE = (
    Parameter("x", low=-1.0, high=1.0),
    Parameter("y", low=-1.0, high=1.0),
    Parameter("cell", choices=("rnn", "gru", "lstm")),
)
DEFAULTS = {"x": 0.9, "y": -0.9, "cell": "gru"}


def bowl(trial):
    """Lowest, at 0, for x = 0.3, y = -0.2 and lstm."""
    values = trial.values
    return (values["x"] - 0.3) ** 2 + (values["y"] + 0.2) ** 2 + 0.1 * (values["cell"] != "lstm")


@pytest.fixture(name="bowl")
def bowl_fixture():
    return bowl


@pytest.fixture
def space():
    return SPACE


@pytest.fixture
def folder(tmp_path):
    return SearchFolder(tmp_path / "search")


@pytest.fixture
def make_plan():
    def make(**changes):
        return Plan(SPACE, **{"defaults": DEFAULTS, "trials": 6, "seed": 3, **changes})

    return make


@pytest.fixture
def run(folder, make_plan):
    """Searches with some changes to the plan and returns the outcomes."""

    def run(run_trial=bowl, where=folder, say=None, **changes):
        plan = make_plan(**changes)
        return search(run_trial, plan, where, Report(where, plan, say=say, terminal=False))

    return run


@pytest.fixture
def rows():
    """Reads trials.csv of a search's folder."""

    def rows(folder):
        with open(folder.table, encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return rows
