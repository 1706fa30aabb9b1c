"""Searches in one process: what is drawn, what is kept, what goes wrong, and going on."""

import json
import math
import subprocess
import sys
import time

import numpy as np
import pytest

import zoo.tuning
from zoo.errors import InputError
from zoo.tuning import Parameter
from zoo.tuning.folder import SearchFolder
from zoo.tuning.plan import Plan
from zoo.tuning.trial import TimeUpError, TrialFailedError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras_tuner.*")


def test_random_search_draws_inside_the_space_and_starts_with_the_defaults(run, space):
    outcomes = run(trials=8)
    assert [o.id for o in outcomes] == [f"{i:04d}" for i in range(8)]
    assert {o.status for o in outcomes} == {"done"}
    assert outcomes[0].values == {"x": 0.9, "y": -0.9, "cell": "gru"}
    for outcome in outcomes:
        assert all(outcome.values[parameter.name] in parameter for parameter in space)
    assert len({json.dumps(o.values) for o in outcomes}) == 8


def test_the_seed_decides_what_is_drawn(run, tmp_path):
    drawn = [
        [o.values for o in run(where=SearchFolder(tmp_path / str(i)), seed=seed)]
        for i, seed in enumerate((0, 0, 1))
    ]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.slow
def test_bayesian_search_learns_where_random_search_does_not(run, tmp_path, bowl):
    def mean_of_the_last_half(tuner):
        outcomes = run(where=SearchFolder(tmp_path / tuner), tuner=tuner, trials=16)
        return np.mean([o.score for o in outcomes[8:]])

    assert mean_of_the_last_half("bayesian") < 0.5 * mean_of_the_last_half("random")


def test_bayesian_search_repeats_no_point_of_a_small_space(folder):
    from zoo.tuning.report import Report
    from zoo.tuning.search import search

    plan = Plan((Parameter("n", choices=(1, 2, 3, 4, 5, 6, 7, 8)),), tuner="bayesian", trials=8)
    outcomes = search(lambda t: abs(t.values["n"] - 4), plan, folder, Report(folder, plan))
    assert sorted(o.values["n"] for o in outcomes) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_search_ends_when_a_small_space_is_exhausted(folder):
    from zoo.tuning.report import Report
    from zoo.tuning.search import search

    plan = Plan((Parameter("n", choices=(1, 2, 3)),), trials=50)
    outcomes = search(lambda t: t.values["n"], plan, folder, Report(folder, plan))
    assert sorted(o.values["n"] for o in outcomes) == [1, 2, 3]


def test_hyperband_sweeps_as_the_paper_says(run):
    """Li et al. 2018, algorithm 1, with R = 9 and eta = 3, in Keras Tuner's sizes.

    Its bracket s ends with ceil((1 + log_eta R) / (s + 1)) trials and each round before has eta
    times as many.
    """
    outcomes = run(tuner="hyperband", trials=None)
    expected = []
    for bracket in (2, 1, 0):
        for rung in range(bracket + 1):
            size = math.ceil(3 / (bracket + 1) * 3 ** (bracket - rung))
            expected += [3.0 ** (rung - bracket)] * size
    np.testing.assert_allclose(sorted(o.share for o in outcomes), sorted(expected))
    # The first bracket's second round: the best third of the first round.
    first = [o for o in outcomes if o.share < 0.2]
    promoted = [o for o in outcomes if 0.2 < o.share < 0.5][:3]
    best = sorted(first, key=lambda o: o.score)[:3]
    assert sorted(o.score for o in promoted) == sorted(o.score for o in best)
    assert len(outcomes) == len(expected)


def test_hyperband_sweeps_again_while_the_budget_lasts(run):
    assert len(run(tuner="hyperband", trials=40)) == 40


def test_higher_can_be_better(run, folder, bowl, rows):
    outcomes = run(lambda trial: -bowl(trial), lower_is_better=False, trials=5)
    best = max(outcomes, key=lambda o: o.score)
    assert json.loads(folder.best.read_text()) == best.values


def test_files_hold_every_trial_and_the_best_settings(run, folder, rows):
    outcomes = run(trials=5, fixed={"batch_size": 32, "momentum": None})
    table = rows(folder)
    assert [row["trial"] for row in table] == [o.id for o in outcomes]
    assert [float(row["score"]) for row in table] == [o.score for o in outcomes]
    assert [float(row["x"]) for row in table] == [o.values["x"] for o in outcomes]
    best = min(outcomes, key=lambda o: o.score)
    settings = json.loads(folder.best.read_text())
    assert settings == {"batch_size": 32, "momentum": None, **best.values}


def test_files_are_rewritten_after_each_trial(run, folder, rows):
    seen = []

    def look(trial):
        if trial.id != "0000":
            seen.append((len(rows(folder)), json.loads(folder.best.read_text())["x"]))
        return float(trial.id)

    run(look, trials=3)
    assert seen == [(2, 0.9), (3, 0.9)]


def test_the_best_report_of_a_trial_on_its_way_is_kept(run, folder):
    def report(trial):
        for round, score in enumerate((3.0, 1.0, 2.0)):
            trial.report(score, round=round)
            kept = folder.outcomes.get(trial.id)
            assert kept.status == "running" and kept.score == min((3.0, 1.0, 2.0)[: round + 1])
        assert kept.notes == {"round": 1}
        return kept.score

    assert [o.score for o in run(report, trials=2)] == [1.0, 1.0]


# What goes wrong ---------------------------------------------------------------------------


def test_failures_are_recorded_and_do_not_end_the_search(run, folder, rows, tmp_path):
    class ResourceExhaustedError(Exception):
        """Named as TensorFlow's."""

    failures = {
        "0000": TrialFailedError("diverged: val_loss is nan\nafter round 1"),
        "0001": MemoryError(),
        "0002": ResourceExhaustedError("OOM when allocating tensor"),
        "0003": InputError("batch_size=99 is too much"),
        "0004": KeyError("a bug"),
    }

    def fail(trial):
        if trial.id in failures:
            raise failures[trial.id]
        return {"0005": math.nan, "0006": math.inf}.get(trial.id, 1.0)

    outcomes = run(fail, trials=8)
    assert [o.status for o in outcomes] == ["failed"] * 7 + ["done"]
    assert [row["reason"] for row in rows(folder)] == [
        "diverged: val_loss is nan after round 1",
        "out of memory",
        "out of memory: OOM when allocating tensor",
        "batch_size=99 is too much",
        "KeyError: 'a bug'",
        "diverged: its score is nan",
        "diverged: its score is inf",
        "",
    ]
    # Where it happened is in the trial's log.
    assert "test_tuning_search.py" in (folder.logs / "0004.txt").read_text()
    assert json.loads(folder.best.read_text()) == outcomes[7].values


def test_a_search_in_which_every_trial_failed_says_why(run, folder):
    def fail(trial):
        raise InputError(f"reason {trial.id}")

    with pytest.raises(InputError, match="every trial failed; trial 0000: reason 0000"):
        run(fail, trials=3)
    assert not folder.best.exists() and len(folder.outcomes.all()) == 3


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"tuner": "bayes"}, "unknown tuner 'bayes'; did you mean 'bayesian'"),
        ({"trials": 0}, "trials=0: expected 1 or more"),
    ],
)
def test_a_plan_that_cannot_be_followed(make_plan, changes, message):
    with pytest.raises(InputError, match=message):
        make_plan(**changes)


def test_a_folder_that_is_taken(run, folder, tmp_path, make_plan):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match=r"is not empty and holds no search"):
        run(where=SearchFolder(tmp_path / "other"))
    run(trials=1)
    with pytest.raises(InputError, match="holds a search already; go on with it by --resume"):
        folder.create()
    with (
        folder.only_one_search(),
        pytest.raises(InputError, match="another process is searching here right now"),
    ):
        run(trials=2)
    folder.plan.write_text("{")
    with pytest.raises(InputError, match=r"search.json: not readable as a search"):
        Plan.read(folder.plan)
    with pytest.raises(InputError, match=r"there is no search here \(search.json is missing\)"):
        Plan.read(tmp_path / "search.json")


@pytest.mark.parametrize("missing", ["keras_tuner", "tensorboard.plugins.hparams"])
def test_a_missing_extra_is_named(run, folder, monkeypatch, missing):
    monkeypatch.delitem(sys.modules, "zoo.tuning.engine", raising=False)
    monkeypatch.delattr(zoo.tuning, "engine", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(InputError, match=r"tuning needs Keras .*: pip install rnn-zoo\[tune\]"):
        run(trials=1)
    # A search that cannot start leaves nothing behind.
    assert not folder.path.exists()


# Going on ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tuner", ["random", pytest.param("bayesian", marks=pytest.mark.slow), "hyperband"]
)
def test_an_interrupted_search_goes_on_to_the_same_result(run, tmp_path, bowl, tuner):
    uninterrupted = run(where=SearchFolder(tmp_path / "whole"), tuner=tuner, trials=10)
    runs, interrupted = [], SearchFolder(tmp_path / "interrupted")

    def stop_at(id):
        def run_trial(trial):
            runs.append(trial.id)
            if trial.id == id:
                raise KeyboardInterrupt
            return bowl(trial)

        return run_trial

    # Once among the first, random trials, and once among those that are drawn from scores.
    for id in ("0002", "0008"):
        with pytest.raises(KeyboardInterrupt):
            run(stop_at(id), where=interrupted, tuner=tuner, trials=10)
        assert interrupted.outcomes.get(id).status == "unfinished"
    outcomes = run(stop_at(None), where=interrupted, tuner=tuner, trials=10)
    # No trial that was over ran again; the interrupted ones went first.
    expected = [f"{i:04d}" for i in range(10)]
    assert runs == sorted([*expected, "0002", "0008"])
    told = [(o.id, o.values, o.share, o.score, o.status) for o in outcomes]
    assert told == [(o.id, o.values, o.share, o.score, o.status) for o in uninterrupted]


def test_a_finished_search_can_be_made_longer(run, folder):
    first = run(trials=3)
    runs = []
    longer = run(lambda trial: runs.append(trial.id) or 1.0, trials=5)
    assert runs == ["0003", "0004"]
    assert [o.score for o in longer] == [*(o.score for o in first), 1.0, 1.0]


def test_a_trial_killed_between_its_end_and_the_oracles_knowing_is_not_run_again(
    run, folder, monkeypatch
):
    from zoo.tuning import engine

    runs = []

    def run_trial(trial):
        runs.append(trial.id)
        return 1.0

    with monkeypatch.context() as patch:

        def killed(*_):
            raise KeyboardInterrupt

        patch.setattr(engine.Suggestions, "finished", killed)
        with pytest.raises(KeyboardInterrupt):
            run(run_trial, trials=2)
    run(run_trial, trials=2)
    assert runs == ["0000", "0001"]


@pytest.mark.slow
def test_a_trial_that_kills_its_process_twice_has_failed(tmp_path, folder, rows):
    """Out of memory, Linux kills a process without a word; a search must not do so for ever."""
    script = tmp_path / "search.py"
    script.write_text(
        "import os, signal, sys\n"
        "from zoo.tuning import Parameter\n"
        "from zoo.tuning.folder import SearchFolder\n"
        "from zoo.tuning.plan import Plan\n"
        "from zoo.tuning.report import Report\n"
        "from zoo.tuning.search import search\n"
        "folder = SearchFolder(sys.argv[1])\n"
        "plan = Plan((Parameter('x', low=0.0, high=1.0),), trials=2)\n"
        "def run_trial(trial):\n"
        "    if trial.id == '0000':\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return trial.values['x']\n"
        "search(run_trial, plan, folder, Report(folder, plan))\n"
    )
    command = [sys.executable, str(script), str(folder.path)]
    codes = [subprocess.run(command, capture_output=True, timeout=120).returncode for _ in "123"]
    assert codes == [-9, -9, 0]
    first, second = rows(folder)
    assert first["status"] == "failed" and "its process was killed 2 times" in first["reason"]
    assert second["status"] == "done"


def test_the_time_budget_stops_a_trial_that_goes_on_later(run, folder):
    attempts = []

    def slow(trial):
        attempts.append(trial.id)
        if len(attempts) > 3:
            return 0.5
        trial.report(2.0 - len(attempts) / 10)
        if trial.id == "0002":
            while True:
                trial.may_go_on()
                time.sleep(0.02)
        return 2.0 - len(attempts) / 10

    outcomes = run(slow, trials=4, deadline=time.time() + 2)
    assert [o.status for o in outcomes] == ["done", "done", "unfinished"]
    # What it had by then counts, and says so.
    assert outcomes[2].score == pytest.approx(1.7)
    assert json.loads(folder.best.read_text()) == outcomes[2].values
    later = run(slow, trials=4)
    assert attempts == ["0000", "0001", "0002", "0002", "0003"]
    assert [o.status for o in later] == ["done"] * 4


def test_no_trial_starts_after_the_time(run):
    def never(trial):
        raise TimeUpError

    assert run(never, trials=4, deadline=time.time() - 1) == []


def test_lines_tell_what_happens(run, bowl):
    lines = []

    def run_trial(trial):
        if trial.id == "0001":
            raise MemoryError
        return {"0000": 2.0, "0002": 3.0}[trial.id]

    run(run_trial, trials=3, say=lines.append)
    assert lines[0] == "trial 0000 started: x=0.9 y=-0.9 cell=gru"
    assert lines[1] == "trial 0000 done in 0 s: score 2 (the best so far)"
    assert lines[3] == "trial 0001 failed after 0 s: out of memory"
    assert lines[5] == "trial 0002 done in 0 s: score 3 (best: 2 of trial 0000)"
    assert len(lines) == 6
