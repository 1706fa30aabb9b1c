import contextlib
import os
import socket
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import InputError
from zoo.training import placement
from zoo.training.batching import BatchPlan
from zoo.training.cluster import Cluster
from zoo.training.distribution import Distribution
from zoo.training.rendezvous import missing_workers


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


def test_a_worker_that_nobody_joins_says_whom_it_waited_for(monkeypatch, capfd):
    ports = free_ports(3)
    cluster = Cluster(tuple(f"127.0.0.1:{port}" for port in ports), 0)
    monkeypatch.setenv("TF_CONFIG", cluster.environment()["TF_CONFIG"])
    said = []
    # The second worker is there, the third is not.
    with socket.create_server(("127.0.0.1", ports[1])), pytest.raises(SystemExit) as ended:
        placement.place(1, said.append, wait=0.3)
    assert ended.value.code == os.EX_TEMPFAIL
    assert said == [f"worker 0 of 3, at 127.0.0.1:{ports[0]}; waiting for the others"]
    assert capfd.readouterr().err.splitlines()[-1] == (
        f"zoo: worker 0 waited 0.3 s for worker 2 (127.0.0.1:{ports[2]}) in vain; see whether it "
        f"runs and can be reached"
    )


def test_an_address_that_is_taken_is_named(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        cluster = Cluster((f"127.0.0.1:{port}", "127.0.0.1:9"), 0)
        with pytest.raises(InputError, match=f"worker 0 cannot listen at 127.0.0.1:{port} "):
            missing_workers(cluster, 0)


def test_workers_that_come_at_different_times_all_find_each_other():
    addresses = tuple(f"127.0.0.1:{port}" for port in free_ports(3))
    found = {}

    def come(index):
        time.sleep(0.1 * index)
        found[index] = missing_workers(Cluster(addresses, index), 20)
        # As TensorFlow's own server would, once it is up.
        with socket.create_server(("127.0.0.1", int(addresses[index].rpartition(":")[2]))):
            everybody.wait(20)

    everybody = threading.Barrier(3)
    workers = [threading.Thread(target=come, args=[index]) for index in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == {0: [], 1: [], 2: []}


def free_ports(count):
    with contextlib.ExitStack() as held:
        taken = [held.enter_context(socket.create_server(("", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in taken]
