"""Several replicas train as one process does: every loss, every metric, every weight.

When these pass with a plain `keras.Model` in place of `Replicated`, the bridge can go.
"""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import InputError
from zoo.training.cluster import Cluster
from zoo.training.replicated import OverReplicas, Replicated

PROGRAM = Path(__file__).with_name("replicas_program.py")
# Case of the program: the steps that it takes.
STEPS = {"classifier": 6, "tagger": 6, "translator": 6, "stopping": 8}


def start(folder, devices, *cases, environment=None):
    root = str(Path(__file__).parents[3])
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder), str(devices), *cases],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root, **(environment or {})},
    )


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def finished(process):
    out, err = process.communicate(timeout=1200)
    assert process.returncode == 0, err[-3000:]
    return json.loads(out.strip().splitlines()[-1])


def assert_same(found, wanted, steps=6):
    assert len(found["losses"]) == steps
    np.testing.assert_allclose(found["losses"], wanted["losses"], rtol=2e-5)
    assert [row.keys() for row in found["history"]] == [row.keys() for row in wanted["history"]]
    for row, other in zip(found["history"], wanted["history"], strict=True):
        for name, value in other.items():
            np.testing.assert_allclose(row[name], value, rtol=5e-5, err_msg=name)
    for weight, other in zip(found["weights"], wanted["weights"], strict=True):
        np.testing.assert_allclose(weight, other, atol=2e-4)


def test_two_devices_of_one_machine_agree_with_one(tmp_path):
    found = finished(start(tmp_path, 2, "classifier"))["classifier"]
    assert_same(found["together"], found["alone"])


@pytest.mark.slow
def test_three_devices_of_one_machine_agree_with_one(tmp_path):
    found = finished(start(tmp_path, 3, *STEPS))
    assert found.keys() == STEPS.keys()
    for case, steps in STEPS.items():
        assert_same(found[case]["together"], found[case]["alone"], steps)


@pytest.mark.slow
@pytest.mark.parametrize("devices", [1, 2])
def test_two_processes_agree_with_one_and_one_writes(tmp_path, devices):
    alone = finished(start(tmp_path, 1, *STEPS))
    addresses = tuple(f"127.0.0.1:{port}" for port in free_ports(2))
    workers = [
        start(tmp_path / str(i), devices, *STEPS, environment=Cluster(addresses, i).environment())
        for i in range(2)
    ]
    chief, other = [finished(worker) for worker in workers]
    for case, steps in STEPS.items():
        assert_same(chief[case]["together"], alone[case]["alone"], steps)
        # All that is decided is decided by the same numbers, to the last bit.
        assert other[case] == chief[case]
    assert {p.name for p in (tmp_path / "0").rglob("*") if p.is_file()} >= {"history.csv"}
    assert not (tmp_path / "1").exists()


def test_a_loss_that_is_one_number_says_what_it_is_the_mean_of():
    def mean(y_true, y_pred):
        return tf.reduce_mean(tf.square(y_pred - y_true))

    given = tf.zeros([4, 1]), tf.ones([4, 1])
    with pytest.raises(InputError, match=r"loss 'mean'.*attribute weight"):
        OverReplicas(mean)(*given)
    mean.weight = lambda y_true: tf.size(y_true)
    assert float(OverReplicas(mean)(*given)) == 1.0
    assert float(OverReplicas("mse")(*given)) == 1.0
    assert float(OverReplicas(keras.losses.MeanSquaredError(reduction="sum"))(*given)) == 4.0


def test_a_model_with_steps_of_its_own_is_refused():
    class Own(keras.Model):
        def train_step(self, data):
            return {}

    with pytest.raises(InputError, match=r"model 'mine' \(Own\) has a train_step of its own"):
        Replicated(Own(name="mine"))


def test_a_loss_scale_is_refused():
    model = keras.Sequential([keras.Input([2]), keras.layers.Dense(1)])
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam())
    with pytest.raises(InputError, match="mixed_bfloat16"):
        Replicated(model).compile(optimizer=scaled, loss="mse")
