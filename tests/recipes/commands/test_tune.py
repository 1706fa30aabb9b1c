"""`zoo tune`: what it prints, how it ends, and several processes."""

import csv
import json
import os
import random
import subprocess
import sys

import pytest

from recipes.commands.main import main
from recipes.workbench import tuning
from zoo.tuning.folder import SearchFolder
from zoo.tuning.plan import Plan
from zoo.tuning.report import Report
from zoo.tuning.search import search

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras_tuner.*")

TINY = ["--set", "batch_size=32", "--set", "embedding_dim=8", "--set", "attention_units=8"]


@pytest.fixture
def words(tmp_path):
    """A file of words and how they sound, small enough to train on in seconds."""
    draw = random.Random(1)
    found = {"".join(draw.choices("abcdefgh", k=draw.randint(2, 5))) for _ in range(300)}
    path = tmp_path / "words.tsv"
    path.write_text("".join(f"{word}\t{' '.join(word.upper())}\n" for word in sorted(found)))
    return path


@pytest.fixture
def no_training(monkeypatch):
    """Trials without training: the score is the learning rate."""
    monkeypatch.setattr(tuning.RecipeTrial, "check", lambda self: None)

    def run_trial(self, trial):
        if self.base.embedding_dim == 13:
            raise MemoryError
        trial.report(trial.values["learning_rate"], measure="val_nats", round=1)
        return trial.values["learning_rate"]

    monkeypatch.setattr(tuning.RecipeTrial, "__call__", run_trial)


def test_the_best_settings_are_shown(no_training, tmp_path, capsys):
    where = tmp_path / "t"
    arguments = ["--trials", "3", "--workers", "1", "--run-dir", str(where), "--set", "epochs=2"]
    assert main(["tune", "g2p", *arguments]) == 0
    out, err = capsys.readouterr()
    best = json.loads((where / "best.json").read_text())
    assert best["epochs"] == 2
    assert out.startswith(f"3 trials, 0 failed: {where / 'trials.csv'}\nbest: trial ")
    assert f"  learning_rate = {best['learning_rate']}\n" in out
    assert out.endswith(f"next: zoo fit g2p --settings {where / 'best.json'}\n")
    assert "trial 0000 started: units=256 encoder_layers=2" in err

    # Going on: more trials, and nothing else may change.
    assert main(["tune", "g2p", "--run-dir", str(where), "--resume", "--tuner", "bayesian"]) == 2
    assert "--resume goes on with the search's own --tuner" in capsys.readouterr().err
    arguments = ["--resume", "--trials", "4", "--workers", "1", "--json"]
    assert main(["tune", "g2p", "--run-dir", str(where), *arguments]) == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert told["trials"] == 4 and told["failed"] == 0
    assert told["best"]["score"] == told["best"]["settings"]["learning_rate"]
    assert told["best"]["measure"] == "val_nats"
    assert "3 trials are over already and are not run again" in err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["g2q"], "unknown recipe 'g2q'; did you mean 'g2p'"),
        (["g2p", "--tuner", "grid"], "'grid' is not one of 'random', 'bayesian', 'hyperband'"),
        (["g2p", "--trials", "0"], "--trials 0: expected 1 or more"),
        (["g2p", "--minutes", "0"], "--minutes 0: expected more than 0"),
        (["g2p", "--workers", "0"], "--workers 0: expected 1 or more"),
        (["g2p", "--epochs", "1", "--steps", "1"], "--epochs and --steps exclude each other"),
        (["g2p", "--set", "units=3"], "setting 'units' is varied by the search"),
        (["g2p", "--set", "unit=3"], "unknown setting 'unit'"),
        (["g2p", "--data", "missing.tsv"], "missing.tsv"),
        (["g2p", "--resume"], "there is no search here (search.json is missing)"),
        (
            ["g2p", "--workers", "1", "--set", "embedding_dim=13"],
            "every trial failed; trial 0000: out of memory",
        ),
    ],
)
def test_what_is_wrong_ends_with_2_and_one_line(
    arguments, message, tmp_path, monkeypatch, capsys, request
):
    if "embedding_dim=13" in arguments:
        request.getfixturevalue("no_training")
    monkeypatch.chdir(tmp_path)
    assert main(["tune", *arguments]) == 2
    out, err = capsys.readouterr()
    last = err.strip().splitlines()[-1]
    assert out == "" and last.startswith("zoo: ") and message in last


def test_a_worker_without_its_chief_ends_with_2(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "worker-0")
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    monkeypatch.setenv("KERASTUNER_ORACLE_PORT", "9")
    assert main(["tune", "g2p", "--run-dir", str(tmp_path / "t"), "--lease", "1"]) == 2
    assert "zoo: the chief at 127.0.0.1:9 cannot be reached (tried" in capsys.readouterr().err
    monkeypatch.delenv("KERASTUNER_TUNER_ID")
    assert main(["tune", "g2p", "--run-dir", str(tmp_path / "t")]) == 2
    assert "KERASTUNER_TUNER_ID is not" in capsys.readouterr().err


@pytest.mark.slow
def test_two_workers_tune_a_recipe_and_fit_takes_the_result(words, tmp_path):
    where = tmp_path / "t"
    zoo = [sys.executable, "-m", "zoo"]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}

    def call(*arguments):
        done = subprocess.run(
            [*zoo, *map(str, arguments)],
            capture_output=True,
            text=True,
            env=environment,
            timeout=540,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done

    done = call(
        "tune", "g2p", "--data", words, "--trials", 4, "--epochs", 2, *TINY,
        "--workers", 2, "--run-dir", where, "--json",
    )  # fmt: skip
    told = json.loads(done.stdout)
    with open(where / "trials.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["done"] * 4
    assert {row["worker"] for row in rows} == {"worker-1", "worker-2"}
    best = min(rows, key=lambda row: float(row["score"]))
    assert told["best"]["trial"] == best["trial"] and told["best"]["measure"] == "val_nats"
    # The same settings and seed give the same run, whoever runs it.
    call(
        "fit", "g2p", "--data", words, "--epochs", 2, "--settings", where / "best.json",
        "--run-dir", tmp_path / "fit",
    )  # fmt: skip
    with open(tmp_path / "fit" / "history.csv", encoding="utf-8", newline="") as file:
        fitted = [float(row["val_nats"]) for row in csv.DictReader(file)]
    assert min(fitted) == pytest.approx(float(best["score"]), rel=1e-3)


def test_the_live_table_of_a_terminal(tmp_path, monkeypatch):
    """What it shows of a search that has come half way."""
    import io

    from rich.console import Console

    from zoo.tuning import Parameter

    folder = SearchFolder(tmp_path / "t")
    plan = Plan((Parameter("rate", low=0.0, high=1.0),), trials=2, defaults={"rate": 0.25})
    shown = io.StringIO()
    report = Report(folder, plan, "random search of g2p", say=print, terminal=True)
    report.live.console = Console(file=shown, force_terminal=True, width=100)

    def run_trial(trial):
        if trial.id == "0001":
            raise MemoryError
        trial.report(0.5, measure="val_nats", round=7)
        Console(file=shown, width=100).print(report._drawn())
        return 0.4

    search(run_trial, plan, folder, report)
    text = shown.getvalue()
    assert "random search of g2p: 0 of 2 trials" in text
    assert "running" in text and "0.25" in text and "7" in text and "out of memory" in text
