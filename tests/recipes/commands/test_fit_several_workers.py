"""`zoo fit --workers 2`: the run of one process, by two; and a loss in the middle."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import recipes
from recipes.commands.launching import LOST
from zoo.training.cluster import Cluster

pytestmark = pytest.mark.slow
STEPS = 40


@pytest.fixture
def fit(tmp_path, write_pairs, tiny_g2p):
    """Starts `zoo fit g2p` on a small file of words."""
    data = write_pairs(tmp_path / "own.tsv")
    settings = {**tiny_g2p, "round_steps": 5, "clip_norm": 0.5, "weight_decay": 0.01}

    def start(folder, *options, dropout=0.0, environment=None):
        chosen = [f"--set={k}={v}" for k, v in {**settings, "dropout": dropout}.items()]
        new = [] if "--resume" in options else ["--data", str(data), "--steps", str(STEPS), *chosen]
        command = [sys.executable, "-m", "zoo", "fit", "g2p", "--run-dir", str(tmp_path / folder)]
        return subprocess.Popen(
            [*command, *new, *options],
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def finished(process):
    out, err = process.communicate(timeout=3000)
    assert process.returncode == 0, err[-3000:]
    return out, err


def run_of(tmp_path, name):
    return recipes.Run.open(tmp_path / name)


def children(process):
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


def test_two_workers_are_one_process(fit, tmp_path):
    finished(fit("one"))
    out, err = finished(fit("two", "--workers", "2"))
    one, two = (run_of(tmp_path, name) for name in ("one", "two"))
    history = [run.folder.read_history() for run in (one, two)]
    assert len(history[0]) == STEPS // 5
    for row, other in zip(*history, strict=True):
        assert row.keys() == other.keys()
        for name in row.keys() - {"seconds"}:
            # history.csv has six digits.
            np.testing.assert_allclose(other[name], row[name], rtol=2e-5, err_msg=name)
    for weight, other in zip(one.model.weights, two.model.weights, strict=True):
        np.testing.assert_allclose(weight, other, atol=1e-4, err_msg=weight.path)
    # One line of progress a round: the chief's.
    assert err.count(f"step {STEPS}/{STEPS}") == 1
    assert "run folder" in out
    described = [run.folder.description() for run in (one, two)]
    device = [d.pop("environment")["device"] for d in described]
    assert described[0] == described[1] and device[1] == f"{device[0]}, 2 replicas"
    # What the chief makes of it afterwards is the run of any other process.
    measured = [run.folder.read_json("metrics.json")["validation"] for run in (one, two)]
    assert measured[0].keys() == measured[1].keys()
    names = [
        {p.relative_to(r.folder.path).parts[0] for p in r.folder.path.rglob("*")}
        for r in (one, two)
    ]
    assert names[0] == names[1]


def test_a_killed_worker_ends_the_others_and_resume_goes_on(fit, tmp_path):
    finished(fit("whole", "--workers", "2", dropout=0.3))
    process = fit("cut", "--workers", "2", dropout=0.3)
    history = tmp_path / "cut" / "history.csv"
    deadline = time.monotonic() + 3000
    while not (history.is_file() and len(history.read_text().splitlines()) > 1):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    workers = children(process)
    assert len(workers) == 2
    os.kill(int(workers[1]), signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == LOST
    last = err.strip().splitlines()[-1]
    assert "worker 1 was ended by SIGKILL" in last
    assert f"zoo fit g2p --workers 2 --run-dir {tmp_path / 'cut'} --resume" in last
    assert not any(Path(f"/proc/{worker}/cmdline").exists() for worker in workers)
    assert not (tmp_path / "cut" / "model.keras").exists()
    finished(fit("cut", "--workers", "2", "--resume"))
    whole, cut = (run_of(tmp_path, name).model for name in ("whole", "cut"))
    for weight, other in zip(whole.weights, cut.weights, strict=True):
        np.testing.assert_array_equal(weight, other, err_msg=weight.path)


def test_one_process_goes_on_where_two_were(fit, tmp_path):
    finished(fit("moved", "--workers", "2", "--steps", "20"))
    finished(fit("moved", "--resume", "--steps", str(STEPS)))
    assert [row["step"] for row in run_of(tmp_path, "moved").folder.read_history()] == [
        *range(5, STEPS + 1, 5)
    ]


@pytest.fixture
def cluster(fit):
    """Starts two workers by TF_CONFIG, as a cluster would, with more options for each."""

    def start(folder, *options):
        with (
            socket.create_server(("127.0.0.1", 0)) as a,
            socket.create_server(("127.0.0.1", 0)) as b,
        ):
            addresses = tuple(f"127.0.0.1:{one.getsockname()[1]}" for one in (a, b))
        crew = []
        for index, more in enumerate(options):
            environment = Cluster(addresses, index).environment()
            crew.append(fit(folder, *more, environment=environment))
        return crew

    return start


def test_workers_that_differ_are_told_so(cluster, tmp_path):
    for worker in cluster("run", ["--seed", "1"], ["--seed", "2"]):
        _, err = worker.communicate(timeout=3000)
        assert worker.returncode == 2
        last = err.strip().splitlines()[-1]
        assert "worker 1 has another recipe, settings or seed than worker 0" in last


@pytest.mark.parametrize("lost", [0, 1])
def test_in_a_cluster_a_worker_notices_by_itself_that_another_is_gone(cluster, tmp_path, lost):
    crew = cluster("run", [], [])
    history = tmp_path / "run" / "history.csv"
    deadline = time.monotonic() + 3000
    while not history.is_file():
        assert all(w.poll() is None for w in crew) and time.monotonic() < deadline
        time.sleep(0.02)
    crew[lost].kill()
    crew[lost].communicate()
    _, err = crew[1 - lost].communicate(timeout=60)
    assert crew[1 - lost].returncode == LOST
    last = err.strip().splitlines()[-1]
    assert last.startswith(f"zoo: worker {lost} (127.0.0.1:") and "--resume" in last


def test_a_wrong_setting_is_said_once(fit, tmp_path):
    process = fit("run", "--workers", "2", "--set", "unitz=3")
    _, err = process.communicate(timeout=3000)
    assert process.returncode == 2
    assert [line for line in err.splitlines() if "unitz" in line] == [err.strip().splitlines()[-1]]
    assert "did you mean 'units'" in err
    assert not (tmp_path / "run").exists()
