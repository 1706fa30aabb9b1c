"""The two-dimensional LSTM cell, against its equations in NumPy."""

import doctest

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.cells import LSTMStateTuple, grid_lstm_cell
from zoo.cells.grid_lstm_cell import GridLSTMCell
from zoo.errors import InputError

RANDOM = np.random.default_rng(0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def state():
    return LSTMStateTuple(*(RANDOM.normal(size=[3, 4]).astype("float32") for _ in range(2)))


def test_values():
    cell = GridLSTMCell(4, forget_bias=0.5)
    inputs, above, left = RANDOM.normal(size=[3, 2]).astype("float32"), state(), state()
    found = cell(inputs, above, left)
    kernel, above_kernel, left_kernel = (
        np.asarray(weight) for weight in (cell.kernel, cell.above_kernel, cell.left_kernel)
    )
    gates = inputs @ kernel + above.h @ above_kernel + left.h @ left_kernel
    i, j, f_above, f_left, o = np.split(gates + np.asarray(cell.bias), 5, axis=1)
    c = sigmoid(f_above + 0.5) * above.c + sigmoid(f_left + 0.5) * left.c
    c += sigmoid(i) * np.tanh(j)
    np.testing.assert_allclose(found.c, c, atol=1e-6)
    np.testing.assert_allclose(found.h, sigmoid(o) * np.tanh(c), atol=1e-6)


def test_without_a_left_neighbour_it_is_the_lstm_of_one_dimension():
    cell, line = GridLSTMCell(4), keras.layers.LSTMCell(4, unit_forget_bias=False)
    inputs, above = RANDOM.normal(size=[3, 2]).astype("float32"), state()
    zeros = LSTMStateTuple(tf.zeros([3, 4]), tf.zeros([3, 4]))
    cell.build((3, 2))
    line.build((3, 2))
    # Keras's order is i, f, j, o; the gate of the left neighbour is left out.
    for own, keras_weight in (
        (cell.kernel, line.kernel),
        (cell.above_kernel, line.recurrent_kernel),
        (cell.bias, line.bias),
    ):
        i, j, f, _, o = np.split(np.asarray(own), 5, axis=-1)
        keras_weight.assign(np.concatenate([i, f, j, o], -1))
    expected, (h, c) = line(inputs, [above.h, above.c])
    found = cell(inputs, above, zeros)
    np.testing.assert_allclose(found.h, expected, atol=1e-6)
    np.testing.assert_allclose(found.h, h, atol=1e-6)
    np.testing.assert_allclose(found.c, c, atol=1e-6)


def test_config_and_bad_units():
    cell = GridLSTMCell.from_config(GridLSTMCell(3, forget_bias=1.0, name="grid").get_config())
    assert (cell.units, cell.forget_bias, cell.name) == (3, 1.0, "grid")
    with pytest.raises(InputError, match="units"):
        GridLSTMCell(0)


def test_the_example_runs():
    result = doctest.testmod(grid_lstm_cell, extraglobs={"tf": tf})
    assert result.attempted and not result.failed
