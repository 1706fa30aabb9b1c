import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import InputError
from zoo.training import placement
from zoo.training.batching import BatchPlan
from zoo.training.cluster import Cluster
from zoo.training.distribution import Distribution


@pytest.fixture
def machine(monkeypatch):
    """A machine with GPUs that nobody computes on: place() chooses among their names."""

    def make(gpus):
        chosen = []
        names = {"GPU": [f"GPU:{i}" for i in range(gpus)], "CPU": ["CPU:0"]}
        monkeypatch.delenv("TF_CONFIG", raising=False)
        monkeypatch.setattr(tf.config, "list_physical_devices", names.get)
        monkeypatch.setattr(tf.config, "get_visible_devices", names.get)
        monkeypatch.setattr(
            tf.config, "set_visible_devices", lambda devices, kind: chosen.append(devices)
        )
        monkeypatch.setattr(
            tf.config, "set_logical_device_configuration", lambda cpu, parts: chosen.append(parts)
        )
        monkeypatch.setattr(tf.distribute, "MirroredStrategy", list)
        return chosen

    return make


def test_one_device_is_no_strategy(machine):
    assert machine(0) == [] and placement.place() is None
    chosen, said = machine(3), []
    assert placement.place(say=said.append) is None
    assert chosen == [["GPU:0"]]
    assert said == ["3 GPUs are visible, one is used; --devices all uses them all"]


def test_all_devices_or_some(machine):
    chosen = machine(3)
    assert placement.place("all") == ["GPU:0", "GPU:1", "GPU:2"]
    assert placement.place(2) == ["GPU:0", "GPU:1"]
    # All are visible already.
    assert chosen == [["GPU:0", "GPU:1"]]
    chosen = machine(0)
    assert placement.place("all") is None
    assert placement.place(2) == ["CPU:0", "CPU:1"]
    assert len(chosen[0]) == 2


def test_workers_of_one_machine_take_devices_of_their_own(machine):
    chosen = machine(5)
    placement.place(2, worker=1, workers=2)
    placement.place("all", worker=1, workers=2)
    assert chosen == [["GPU:2", "GPU:3"]] * 2


@pytest.mark.parametrize(
    ("gpus", "devices", "workers", "message"),
    [
        (0, 0, 1, "0 devices: expected 1 or more, or all"),
        (1, 2, 1, "1 worker with 2 GPUs each: only 1 GPU is visible"),
        (3, 2, 2, "2 workers with 2 GPUs each: only 3 GPUs are visible"),
        (1, "all", 2, "2 workers .*CUDA_VISIBLE_DEVICES=-1"),
    ],
)
def test_more_than_there_are(machine, gpus, devices, workers, message):
    machine(gpus)
    with pytest.raises(InputError, match=message):
        placement.place(devices, workers=workers)


def test_more_replicas_than_rows_of_a_batch():
    strategy = SimpleNamespace(num_replicas_in_sync=5)
    plan = BatchPlan(np.ones(8), batch_size=4)
    with pytest.raises(InputError, match="batch_size=4 cannot be shared by 5 replicas"):
        Distribution(strategy).training_stream(plan, {}, dict)


def test_without_a_strategy_nothing_changes():
    alone = Distribution.current()
    assert alone.strategy is None and alone.is_chief
    assert (alone.replicas, alone.workers) == (1, ())
    model = object()
    assert alone.replicated(model) is model
    alone.agree("anything", 3)


@pytest.mark.slow
def test_a_worker_that_nobody_joins_says_whom_it_waited_for():
    program = "from zoo.training.placement import place; place(1, print, wait=3)"
    root = Path(__file__).parents[3]
    environment = Cluster(("127.0.0.1:28765", "127.0.0.1:28766"), 0).environment()
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(root), **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == os.EX_TEMPFAIL
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("zoo: worker 0 waited 3 s for worker 1 (127.0.0.1:28766) in vain")
    assert "waiting for the others" in done.stdout
