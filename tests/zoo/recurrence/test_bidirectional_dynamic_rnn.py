"""Two cells over time, one from each end of every row."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo import cells
from zoo.errors import InputError
from zoo.recurrence import bidirectional_dynamic_rnn, dynamic_rnn

BATCH, TIME, FEATURES = 4, 6, 3
LENGTHS = np.array([0, 1, 4, 6])


@pytest.fixture
def x():
    return np.random.RandomState(3).normal(size=(BATCH, TIME, FEATURES)).astype("float32")


@pytest.fixture
def pair():
    forward, backward = cells.BasicLSTMCell(5), cells.GRUCell(2)
    forward.build((None, FEATURES))
    backward.build((None, FEATURES))
    return forward, backward


def turned(values, lengths):
    """Turns the real part of every row around, in NumPy."""
    result = np.array(values)
    for row, length in enumerate(lengths):
        result[row, :length] = result[row, :length][::-1]
    return result


@pytest.mark.parametrize("lengths", [None, LENGTHS, np.zeros(4, int), np.full(4, 6)])
def test_each_direction_is_a_run_of_its_own(x, pair, lengths):
    forward, backward = pair
    (ahead, back), (state_ahead, state_back) = bidirectional_dynamic_rnn(*pair, x, lengths)
    real = np.full(BATCH, TIME) if lengths is None else lengths
    expected, expected_state = dynamic_rnn(forward, x, real)
    np.testing.assert_allclose(ahead, expected, atol=1e-6)
    np.testing.assert_allclose(state_ahead.c, expected_state.c, atol=1e-6)
    expected, expected_state = dynamic_rnn(backward, turned(x, real), real)
    np.testing.assert_allclose(back, turned(expected, real), atol=1e-6)
    np.testing.assert_allclose(state_back, expected_state, atol=1e-6)


def test_padding_is_never_read_first(x, pair):
    padded = x.copy()
    padded[np.arange(TIME) >= LENGTHS[:, np.newaxis]] = np.nan
    one = bidirectional_dynamic_rnn(*pair, x, LENGTHS)
    other = bidirectional_dynamic_rnn(*pair, padded, LENGTHS)
    for first, second in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
        np.testing.assert_array_equal(first, second)


def test_initial_states(x, pair):
    c, h, g = (np.ones((BATCH, n), "float32") for n in (5, 5, 2))
    _, (ahead, back) = bidirectional_dynamic_rnn(*pair, x, LENGTHS, (c, h), g)
    np.testing.assert_array_equal(ahead.c[0], c[0])
    np.testing.assert_array_equal(back[0], g[0])
    with pytest.raises(InputError, match=r"expects a state \(batch, 2\) with batch 4; got \(4, 5"):
        bidirectional_dynamic_rnn(*pair, x, LENGTHS, (c, h), c)


def test_time_major(x, pair):
    (ahead, back), _ = bidirectional_dynamic_rnn(*pair, x, LENGTHS)
    major = bidirectional_dynamic_rnn(*pair, np.swapaxes(x, 0, 1), LENGTHS, time_major=True)
    np.testing.assert_array_equal(np.swapaxes(major[0][0], 0, 1), ahead)
    np.testing.assert_array_equal(np.swapaxes(major[0][1], 0, 1), back)


def test_one_cell_for_both_directions_is_refused(x):
    cell = cells.GRUCell(2)
    with pytest.raises(InputError, match=r"same GRUCell object .* make two"):
        bidirectional_dynamic_rnn(cell, cell, x)


@pytest.mark.parametrize("jit", [False, True])
def test_in_a_graph(x, pair, jit):
    run = tf.function(lambda v, n: bidirectional_dynamic_rnn(*pair, v, n), jit_compile=jit)
    got = tf.nest.flatten(run(x, tf.constant(LENGTHS)))
    expected = tf.nest.flatten(bidirectional_dynamic_rnn(*pair, x, LENGTHS))
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_symbolic_tensors_saving_and_exporting(x, pair, tmp_path):
    inputs = keras.Input((None, FEATURES), name="inputs")
    lengths = keras.Input((), dtype="int32", name="lengths")
    outputs, (ahead, back) = bidirectional_dynamic_rnn(*pair, inputs, lengths)
    joined = keras.ops.concatenate(outputs, axis=-1)
    assert joined.shape == (None, None, 7)
    results = {"joined": joined, "c": ahead.c, "back": back}
    model = keras.Model({"inputs": inputs, "lengths": lengths}, results)
    given = {"inputs": tf.constant(x), "lengths": tf.constant(LENGTHS, tf.int32)}
    expected = model(given)
    (eager_ahead, eager_back), _ = bidirectional_dynamic_rnn(*pair, x, LENGTHS)
    np.testing.assert_allclose(
        expected["joined"], np.concatenate([eager_ahead, eager_back], axis=-1), atol=1e-6
    )
    model.save(tmp_path / "model.keras")
    model.export(tmp_path / "saved", verbose=False)
    loaded = keras.models.load_model(tmp_path / "model.keras")(given)
    served = tf.saved_model.load(tmp_path / "saved").signatures["serving_default"](**given)
    for name, value in expected.items():
        np.testing.assert_allclose(loaded[name], value, atol=1e-6)
        np.testing.assert_allclose(served[name], value, atol=1e-6)


def test_both_cells_learn(x, pair):
    variables = [w.value for cell in pair for w in cell.trainable_weights]
    with tf.GradientTape() as tape:
        outputs, _ = bidirectional_dynamic_rnn(*pair, x, LENGTHS)
        loss = tf.add_n([tf.reduce_sum(part**2) for part in outputs])
    assert all(np.any(gradient) for gradient in tape.gradient(loss, variables))
