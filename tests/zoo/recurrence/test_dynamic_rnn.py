"""A cell over time: values, lengths, state, and where it runs."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo import cells
from zoo.cells import LSTMStateTuple
from zoo.errors import InputError
from zoo.recurrence import DynamicRNN, dynamic_rnn

BATCH, TIME, FEATURES, UNITS = 4, 6, 3, 5
LENGTHS = {
    "none": [0, 0, 0, 0],
    "one": [1, 1, 1, 1],
    "some": [0, 1, 4, 6],
    "all": [6, 6, 6, 6],
    "short": [2, 0, 3, 1],
}


@pytest.fixture
def random():
    return np.random.RandomState(3)


@pytest.fixture
def x(random):
    return random.normal(size=(BATCH, TIME, FEATURES)).astype("float32")


def make_cell():
    cell = cells.MultiRNNCell([cells.BasicLSTMCell(UNITS), cells.GRUCell(2)])
    cell.build((None, FEATURES))
    return cell


def make_state(random):
    c, h, g = (random.normal(size=(BATCH, n)).astype("float32") for n in (UNITS, UNITS, 2))
    return (LSTMStateTuple(tf.constant(c), tf.constant(h)), tf.constant(g))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_over_time(weights, x, lengths, c, h):
    """One LSTM, row by row, in NumPy: a row stops at its length."""
    kernel, bias = weights
    outputs = np.zeros((*x.shape[:2], h.shape[1]))
    c, h = c.copy(), h.copy()
    for row, length in enumerate(lengths):
        for t in range(length):
            z = np.concatenate([x[row, t], h[row]]) @ kernel + bias
            i, j, f, o = np.split(z, 4)
            c[row] = sigmoid(f + 1) * c[row] + sigmoid(i) * np.tanh(j)
            h[row] = sigmoid(o) * np.tanh(c[row])
            outputs[row, t] = h[row]
    return outputs, c, h


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("start", ["zeros", "given"])
def test_values_against_numpy(x, random, lengths, start):
    cell = cells.BasicLSTMCell(UNITS, bias_initializer="normal")
    cell.build((None, FEATURES))
    c, h = np.zeros((2, BATCH, UNITS), "float32")
    initial = None
    if start == "given":
        c, h = random.normal(size=(2, BATCH, UNITS)).astype("float32")
        initial = LSTMStateTuple(c, h)
    outputs, state = dynamic_rnn(cell, x, lengths, initial)
    expected, c, h = lstm_over_time(cell.get_weights(), x, lengths, c, h)
    np.testing.assert_allclose(outputs, expected, atol=1e-6)
    np.testing.assert_allclose(state.c, c, atol=1e-6)
    np.testing.assert_allclose(state.h, h, atol=1e-6)


def test_a_row_of_length_zero_keeps_its_initial_state_to_the_bit(x, random):
    initial = make_state(random)
    outputs, state = dynamic_rnn(make_cell(), x, [0, 3, 0, 6], initial)
    for before, after in zip(tf.nest.flatten(initial), tf.nest.flatten(state), strict=True):
        np.testing.assert_array_equal(after[0], before[0])
        np.testing.assert_array_equal(after[2], before[2])
        assert np.any(after[1] != before[1])
    assert not np.any(outputs[0])


@pytest.mark.parametrize("padding", [0.0, 1e30, np.inf, np.nan])
def test_padding_changes_nothing_whatever_it_holds(x, padding):
    cell, lengths = make_cell(), np.array([0, 1, 4, 6])
    padded = np.concatenate([x, np.zeros_like(x[:, :2])], axis=1)
    padded[np.arange(TIME + 2) >= lengths[:, np.newaxis]] = padding

    def run(values):
        variables = [w.value for w in cell.trainable_weights]
        with tf.GradientTape() as tape:
            outputs, state = dynamic_rnn(cell, values, lengths)
            loss = tf.reduce_sum(outputs**2) + tf.reduce_sum(state[0].c)
        return outputs, tf.nest.flatten(state), tape.gradient(loss, variables)

    outputs, state, gradients = run(x)
    padded_outputs, padded_state, padded_gradients = run(padded)
    np.testing.assert_array_equal(padded_outputs[:, :TIME], outputs)
    assert not np.any(padded_outputs[:, TIME:])
    for one, other in zip(state, padded_state, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(gradients, padded_gradients, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_chunks_with_the_state_carried_over_equal_the_whole(x):
    """Truncated back-propagation: the values are exact, the gradient stops at the chunk."""
    cell = make_cell()
    lengths = np.array([0, 1, 4, 6])
    whole, last = dynamic_rnn(cell, x, lengths)
    for size in (1, 2, 4):
        pieces, state = [], cell.zero_state(BATCH)
        for begin in range(0, TIME, size):
            chunk = x[:, begin : begin + size]
            piece, state = dynamic_rnn(
                cell, chunk, np.clip(lengths - begin, 0, chunk.shape[1]), state
            )
            pieces.append(piece)
        np.testing.assert_allclose(np.concatenate(pieces, axis=1), whole, atol=1e-6)
        for one, other in zip(tf.nest.flatten(state), tf.nest.flatten(last), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)


def test_time_major(x):
    cell = make_cell()
    expected, expected_state = dynamic_rnn(cell, x, [0, 1, 4, 6])
    outputs, state = dynamic_rnn(cell, np.swapaxes(x, 0, 1), [0, 1, 4, 6], time_major=True)
    np.testing.assert_array_equal(np.swapaxes(outputs, 0, 1), expected)
    np.testing.assert_array_equal(state[0].c, expected_state[0].c)
    inputs = keras.Input(batch_shape=(None, 7, FEATURES))
    outputs, _ = dynamic_rnn(cell, inputs, time_major=True)
    assert outputs.shape == (None, 7, 2)


@pytest.mark.parametrize("backward", [pytest.param(False, marks=pytest.mark.slow), True])
def test_eager_graph_and_xla_agree(x, random, backward):
    layer = DynamicRNN(make_cell(), backward=backward)
    initial, lengths = make_state(random), tf.constant([0, 1, 4, 6])
    variables = [w.value for w in layer.cell.trainable_weights]

    def run(values, lengths, state):
        with tf.GradientTape() as tape:
            outputs, after = layer(values, lengths, state)
            loss = tf.reduce_sum(outputs**2) + tf.reduce_sum(after[1] ** 3)
        return outputs, after, tape.gradient(loss, variables)

    eager = tf.nest.flatten(run(tf.constant(x), lengths, initial))
    unknown = tf.TensorSpec((None, None, FEATURES))
    states = tf.nest.map_structure(lambda s: tf.TensorSpec((None, s.shape[1])), initial)
    signature = [unknown, tf.TensorSpec((None,), tf.int32), states]
    for function in (
        tf.function(run, input_signature=signature),
        tf.function(run, jit_compile=True),
        tf.function(run, input_signature=signature, jit_compile=True),
    ):
        got = tf.nest.flatten(function(tf.constant(x), lengths, initial))
        for one, other in zip(eager, got, strict=True):
            np.testing.assert_allclose(one, other, atol=3e-6)


def test_a_row_does_not_see_the_other_rows(x):
    cell = make_cell()
    together, _ = dynamic_rnn(cell, x, [2, 1, 4, 6])
    alone, _ = dynamic_rnn(cell, x[2:3], [4])
    np.testing.assert_allclose(together[2:3], alone, atol=1e-6)


@pytest.mark.parametrize("lengths", [None, [0] * BATCH])
def test_no_steps_at_all(lengths, random):
    cell, initial = make_cell(), make_state(random)
    nothing = np.zeros((BATCH, 0, FEATURES), "float32")
    for run in (
        dynamic_rnn,
        tf.function(dynamic_rnn),
        tf.function(dynamic_rnn, reduce_retracing=True),
    ):
        outputs, state = run(cell, nothing, lengths, initial)
        assert outputs.shape == (BATCH, 0, 2)
        np.testing.assert_array_equal(state[0].c, initial[0].c)
    unknown = tf.function(
        lambda v: dynamic_rnn(cell, v), input_signature=[tf.TensorSpec((None, None, FEATURES))]
    )
    outputs, state = unknown(nothing)
    assert outputs.shape == (BATCH, 0, 2)
    assert state[0].h.shape == (BATCH, UNITS)
    outputs, state = unknown(np.zeros((0, 3, FEATURES), "float32"))
    assert outputs.shape == (0, 3, 2)


KERAS_CELLS = {
    "lstm": lambda: keras.layers.LSTMCell(UNITS),
    "gru": lambda: keras.layers.GRUCell(UNITS),
    "simple_rnn": lambda: keras.layers.SimpleRNNCell(UNITS),
    "stacked": lambda: keras.layers.StackedRNNCells(
        [keras.layers.LSTMCell(UNITS), keras.layers.GRUCell(2)]
    ),
}


@pytest.mark.parametrize("name", KERAS_CELLS)
def test_keras_cells_give_what_keras_gives(name, x):
    cell = KERAS_CELLS[name]()
    lengths = np.array([1, 6, 4, 2])
    outputs, state = dynamic_rnn(cell, x, lengths)
    tf.nest.assert_same_structure(state, cell.state_size)
    mask = tf.constant(np.arange(TIME) < lengths[:, np.newaxis])
    layer = keras.layers.RNN(
        cell, return_sequences=True, return_state=True, zero_output_for_mask=True
    )
    expected, *expected_state = layer(tf.constant(x), mask=mask)
    np.testing.assert_allclose(outputs, expected, atol=1e-6)
    pairs = zip(tf.nest.flatten(state), tf.nest.flatten(expected_state), strict=True)
    for one, other in pairs:
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_keras_stack_of_one_works_here(x):
    """Keras's own stack unwraps the state of a single cell, which its own loop cannot take."""
    gru = keras.layers.GRUCell(2)
    outputs, (state,) = dynamic_rnn(keras.layers.StackedRNNCells([gru]), x, [0, 1, 4, 6])
    expected, expected_state = dynamic_rnn(gru, x, [0, 1, 4, 6])
    np.testing.assert_array_equal(outputs, expected)
    np.testing.assert_array_equal(state, expected_state)


class Counter:
    """A cell that is no Keras layer and names no output size: it counts its steps."""

    state_size = 1

    def call(self, inputs, states):
        (count,) = states
        return count + 1, [count + 1]


def test_anything_with_call_and_state_size_is_a_cell(x):
    outputs, count = dynamic_rnn(Counter(), x, [0, 1, 4, 6])
    np.testing.assert_array_equal(count[:, 0], [0, 1, 4, 6])
    np.testing.assert_array_equal(outputs[2, :, 0], [1, 2, 3, 4, 0, 0])


def test_state_goes_in_and_out_in_the_structure_of_the_cell(x, random):
    cell = make_cell()
    _, state = dynamic_rnn(cell, x, initial_state=make_state(random))
    assert isinstance(state, tuple)
    assert isinstance(state[0], LSTMStateTuple)
    (c, h), g = make_state(np.random.RandomState(1))
    _, one = dynamic_rnn(cell, x, initial_state=[[c, h], g])
    _, other = dynamic_rnn(cell, x, initial_state=(LSTMStateTuple(c, h), g))
    assert isinstance(one[0], LSTMStateTuple)
    np.testing.assert_array_equal(one[0].c, other[0].c)


def functional_model(cell):
    inputs = keras.Input((None, FEATURES), name="inputs")
    lengths = keras.Input((), dtype="int32", name="lengths")
    state = (
        LSTMStateTuple(keras.Input((UNITS,), name="c"), keras.Input((UNITS,), name="h")),
        keras.Input((2,), name="g"),
    )
    outputs, after = dynamic_rnn(cell, inputs, lengths, state)
    assert isinstance(after[0], LSTMStateTuple)
    assert outputs.shape == (None, None, 2)
    flat = {"inputs": inputs, "lengths": lengths, "c": state[0].c, "h": state[0].h, "g": state[1]}
    results = {"outputs": outputs, "c": after[0].c, "h": after[0].h, "g": after[1]}
    return keras.Model(flat, results)


@pytest.fixture
def given(x, random):
    (c, h), g = make_state(random)
    return {"inputs": tf.constant(x), "lengths": tf.constant([0, 1, 4, 6]), "c": c, "h": h, "g": g}


def test_symbolic_tensors_and_saving(given, tmp_path):
    cell = make_cell()
    model = functional_model(cell)
    outputs, ((c, h), g) = dynamic_rnn(
        cell, given["inputs"], given["lengths"], ((given["c"], given["h"]), given["g"])
    )
    model.save(tmp_path / "model.keras")
    for made in (model, keras.models.load_model(tmp_path / "model.keras")):
        results = made(given)
        for name, expected in {"outputs": outputs, "c": c, "h": h, "g": g}.items():
            np.testing.assert_allclose(results[name], expected, atol=1e-6)


BARE = """
import sys
import numpy as np
import tensorflow as tf
given = dict(np.load(sys.argv[2]))
expected = {name[3:]: given.pop(name) for name in list(given) if name.startswith("to_")}
serve = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
results = serve(**{name: tf.constant(value) for name, value in given.items()})
for name, value in expected.items():
    np.testing.assert_allclose(results[name], value, atol=1e-6)
empty = {name: tf.constant(value[:, :0] if name == "inputs" else value * 0)
         for name, value in given.items()}
assert serve(**empty)["outputs"].shape == (4, 0, 2)
given["lengths"] = np.array([9, 0, 0, 0], "int32")
try:
    serve(**{name: tf.constant(value) for name, value in given.items()})
except tf.errors.InvalidArgumentError as error:
    assert "DynamicRNN expects lengths from 0 to time" in str(error), error
else:
    raise SystemExit("a length past the end was taken")
assert not [name for name in sys.modules if name == "zoo" or name.startswith("zoo.")]
"""


@pytest.mark.slow
def test_exported_and_loaded_in_a_bare_process(given, tmp_path):
    model = functional_model(make_cell())
    model.export(tmp_path / "saved", verbose=False)
    expected = {f"to_{name}": value for name, value in model(given).items()}
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


def test_a_cell_run_twice_is_one_layer_in_a_model(x, tmp_path):
    cell = cells.GRUCell(FEATURES)
    inputs = keras.Input((None, FEATURES))
    once, state = dynamic_rnn(cell, inputs)
    twice, _ = dynamic_rnn(cell, once, initial_state=state)
    model = keras.Model(inputs, twice)
    assert len([layer for layer in model.layers if isinstance(layer, DynamicRNN)]) == 1
    assert len(model.weights) == 4
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert len(loaded.weights) == 4
    np.testing.assert_array_equal(model(x), loaded(x))


def test_other_number_types_are_lengths_too(x):
    cell = make_cell()
    expected, _ = dynamic_rnn(cell, x, [0, 1, 4, 6])
    for dtype in ("int64", "int32", "uint8"):
        given = np.array([0, 1, 4, 6], dtype)
        np.testing.assert_array_equal(dynamic_rnn(cell, x, given)[0], expected)
        np.testing.assert_array_equal(dynamic_rnn(cell, x, tf.constant(given))[0], expected)


def test_training_reaches_the_cell(x):
    cell = cells.DropoutWrapper(cells.GRUCell(UNITS), output_keep_prob=0.5)
    assert np.any(dynamic_rnn(cell, x, training=True)[0].numpy() == 0)
    assert not np.any(dynamic_rnn(cell, x)[0].numpy() == 0)
    layer = DynamicRNN(cell)
    assert np.any(layer(x, training=True)[0].numpy() == 0)


def test_the_layer_takes_the_dtype_of_its_cell(x):
    layer = DynamicRNN(cells.GRUCell(UNITS, dtype="float64"))
    outputs, state = layer(x.astype("float64"))
    assert outputs.dtype == state.dtype == "float64"
    half = DynamicRNN(cells.GRUCell(UNITS, dtype="mixed_bfloat16"))
    assert half(x)[0].dtype == "bfloat16"


def fails(message, *arguments, **settings):
    with pytest.raises(InputError, match=message) as caught:
        dynamic_rnn(*arguments, **settings)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([7, 0, 0, 0], "expects lengths from 0 to 6; got 7 in row 0"),
        ([0, 0, -1, 0], "expects lengths from 0 to 6; got -1 in row 2"),
        ([1, 2, 3], r"expects lengths of shape \(4,\); got \(3,\)"),
        (3, r"expects lengths of shape \(4,\); got \(\)"),
        ([[1], [1], [1], [1]], r"expects lengths of shape \(4,\); got \(4, 1\)"),
        ([1.0, 1.0, 1.0, 1.0], "expects integer lengths; got dtype float64"),
        ([True] * 4, "expects integer lengths; got dtype bool"),
    ],
)
def test_lengths_that_cannot_be(x, lengths, message):
    fails(message, make_cell(), x, lengths)
    fails(message, make_cell(), x, np.array(lengths))
    if "dtype float64" not in message:  # TensorFlow makes these float32
        fails(message, make_cell(), x, tf.constant(lengths))


def test_lengths_that_only_the_graph_can_tell(x):
    run = tf.function(lambda values, lengths: dynamic_rnn(make_cell_once, values, lengths)[0])
    make_cell_once = make_cell()
    for lengths in ([7, 0, 0, 0], [0, 0, -1, 0]):
        with pytest.raises(tf.errors.InvalidArgumentError, match="expects lengths from 0 to time"):
            run(x, tf.constant(lengths))


def test_inputs_and_states_that_cannot_be(x, random):
    cell, (lstm, gru) = make_cell(), make_state(random)
    fails(r"expects inputs \(batch, time, features\); got shape \(4, 6\)", cell, x[:, :, 0])
    fails("expects inputs of a floating or integer dtype; got complex64", cell, x.astype("c8"))
    fails(
        r"expects a dense tensor and lengths; got a ragged one: give x.to_tensor\(\)",
        cell,
        tf.RaggedTensor.from_tensor(x),
    )
    fails("built for 3 input features and got 2", cell, x[:, :, :2])
    fails("needs the number of input features", cells.GRUCell(2), keras.Input((3, None)))
    fails(r"expects a state \(LSTMStateTuple.*got LSTMStateTuple", cell, x, None, lstm)
    fails(r"with batch 4; got \(.*, \(2, 2\)\)", cell, x, None, (lstm, gru[:2]))
    fails(r"\(batch, 2\)\).*got \(.*, \(4, 5\)\)", cell, x, None, (lstm, lstm.h))
    fails(r"\(time, batch, features\); got shape \(4, 6\)", cell, x[:, :, 0], time_major=True)


@pytest.mark.parametrize(
    "given", [cells.GRUCell, 5, "gru", None, keras.layers.GRU(3), lambda inputs, state: inputs]
)
def test_what_is_not_a_cell(x, given):
    fails("DynamicRNN expects a cell", given, x)
