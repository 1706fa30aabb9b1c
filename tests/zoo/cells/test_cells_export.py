"""Every cell and wrapper, exported, in a process that has TensorFlow and no zoo."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo import cells
from zoo.cells import LSTMStateTuple
from zoo.recurrence import dynamic_rnn

FEATURES = 3
MADE = {name: cells.get(name, FEATURES) for name in cells.names()}
MADE |= {
    "gru_reset_after": cells.GRUCell(2, reset_after=True),
    "projected": cells.LSTMCell(4, True, 0.5, num_proj=2, proj_clip=0.4),
    "dropout": cells.DropoutWrapper(cells.GRUCell(2), 0.5, 0.5, 0.5, variational_recurrent=True),
    "residual": cells.ResidualWrapper(cells.BasicLSTMCell(FEATURES)),
    "highway": cells.HighwayWrapper(cells.BasicRNNCell(FEATURES), False),
    "zoneout": cells.ZoneoutWrapper(cells.BasicLSTMCell(2), LSTMStateTuple(c=0.5, h=0.1)),
    "projection": cells.OutputProjectionWrapper(cells.GRUCell(2), 4, activation="softmax"),
    "stack": cells.MultiRNNCell([cells.BasicLSTMCell(4), keras.layers.LSTMCell(2)]),
}

BARE = """
import sys
import numpy as np
import tensorflow as tf

given = dict(np.load(sys.argv[2]))
inputs, lengths = given.pop("inputs"), given.pop("lengths")
serve = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
results = serve(inputs=tf.constant(inputs), lengths=tf.constant(lengths))
assert set(results) == set(given), set(results) ^ set(given)
for name, expected in given.items():
    np.testing.assert_allclose(results[name], expected, atol=1e-6, err_msg=name)
assert not [name for name in sys.modules if name.split(".")[0] == "zoo"]
"""


@pytest.mark.slow
def test_every_cell_serves_without_the_zoo(random, tmp_path):
    inputs = keras.Input((None, FEATURES), name="inputs")
    lengths = keras.Input((), dtype="int32", name="lengths")
    results = {}
    for name, cell in MADE.items():
        outputs, state = dynamic_rnn(cell, inputs, lengths)
        parts = {f"{name}_state_{i}": part for i, part in enumerate(tf.nest.flatten(state))}
        results |= {f"{name}_outputs": outputs, **parts}
    model = keras.Model({"inputs": inputs, "lengths": lengths}, results)
    given = {
        "inputs": random.normal(size=(4, 5, FEATURES)).astype("float32"),
        "lengths": np.array([0, 1, 3, 5], "int32"),
    }
    expected = {name: np.asarray(value) for name, value in model(given).items()}
    model.export(tmp_path / "saved", verbose=False)
    np.savez(tmp_path / "numbers.npz", **given, **expected)
    done = subprocess.run(
        [sys.executable, "-c", BARE, str(tmp_path / "saved"), str(tmp_path / "numbers.npz")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
