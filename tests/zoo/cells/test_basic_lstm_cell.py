"""The plain LSTM against NumPy, and its old joined state."""

import numpy as np
import pytest

from zoo import cells
from zoo.cells import LSTMStateTuple


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def reference(x, c, h, kernel, bias, forget_bias):
    i, j, f, o = np.split(np.hstack([x, h]) @ kernel + bias, 4, axis=1)
    c = sigmoid(f + forget_bias) * c + sigmoid(i) * np.tanh(j)
    return c, sigmoid(o) * np.tanh(c)


@pytest.mark.parametrize("forget_bias", [0.0, 1.0, -0.5])
def test_one_step_against_numpy(random, forget_bias):
    x, c, h = random.normal(size=(2, 3)), random.normal(size=(2, 4)), random.normal(size=(2, 4))
    cell = cells.BasicLSTMCell(
        4, forget_bias=forget_bias, bias_initializer="normal", dtype="float64"
    )
    output, state = cell(x, LSTMStateTuple(c, h))
    new_c, new_h = reference(x, c, h, *cell.get_weights(), forget_bias)
    np.testing.assert_allclose(state.c, new_c, rtol=1e-10)
    np.testing.assert_allclose(state.h, new_h, rtol=1e-10)
    np.testing.assert_array_equal(output, state.h)
    assert cell.state_size == LSTMStateTuple(c=4, h=4)
    assert cell.output_size == 4


def test_forget_bias_starts_at_one():
    cell = cells.BasicLSTMCell(4)
    cell.build((None, 3))
    assert cell.forget_bias == 1.0
    np.testing.assert_array_equal(cell.bias, np.zeros(16))


def test_the_joined_state_is_deprecated_and_gives_the_same_numbers(random):
    x, c, h = (random.normal(size=(2, n)).astype("float32") for n in (3, 4, 4))
    with pytest.warns(DeprecationWarning, match="state_is_tuple") as caught:
        joined = cells.BasicLSTMCell(4, state_is_tuple=False)
    assert caught[0].filename == __file__
    cell = cells.BasicLSTMCell(4)
    cell.build((None, 3))
    joined.build((None, 3))
    joined.set_weights(cell.get_weights())
    assert joined.state_size == 8
    output, state = joined(x, np.hstack([c, h]))
    expected, parts = cell(x, LSTMStateTuple(c, h))
    np.testing.assert_array_equal(output, expected)
    np.testing.assert_array_equal(state, np.hstack(parts))


def test_a_plain_pair_is_taken_as_c_and_h(random):
    x, c, h = (random.normal(size=(2, n)).astype("float32") for n in (3, 4, 4))
    cell = cells.BasicLSTMCell(4)
    expected = cell(x, LSTMStateTuple(c, h))[1]
    state = cell(x, [c, h])[1]
    assert isinstance(state, LSTMStateTuple)
    np.testing.assert_array_equal(state.c, expected.c)
