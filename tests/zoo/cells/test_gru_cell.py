"""Both reset variants against NumPy."""

import numpy as np
import pytest

from zoo import cells


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def make(random, **settings):
    cell = cells.GRUCell(4, dtype="float64", **settings)
    cell.build((None, 3))
    cell.set_weights([random.normal(size=w.shape) for w in cell.weights])
    return cell


def test_reset_before_the_product(random):
    x, h = random.normal(size=(2, 3)), random.normal(size=(2, 4))
    cell = make(random)
    gate_kernel, gate_bias, kernel, bias = cell.get_weights()
    r, u = np.split(sigmoid(np.hstack([x, h]) @ gate_kernel + gate_bias), 2, axis=1)
    candidate = np.tanh(np.hstack([x, r * h]) @ kernel + bias)
    output, state = cell(x, h)
    np.testing.assert_allclose(output, u * h + (1 - u) * candidate, rtol=1e-10)
    np.testing.assert_array_equal(output, state)


def test_reset_after_the_product(random):
    x, h = random.normal(size=(2, 3)), random.normal(size=(2, 4))
    cell = make(random, reset_after=True)
    gate_kernel, gate_bias, *candidate_weights = cell.get_weights()
    input_kernel, input_bias, hidden_kernel, hidden_bias = candidate_weights
    r, u = np.split(sigmoid(np.hstack([x, h]) @ gate_kernel + gate_bias), 2, axis=1)
    candidate = np.tanh(x @ input_kernel + input_bias + r * (h @ hidden_kernel + hidden_bias))
    np.testing.assert_allclose(cell(x, h)[0], u * h + (1 - u) * candidate, rtol=1e-10)


@pytest.mark.parametrize("reset_after", [False, True])
def test_fresh_gates_lean_to_keeping_the_state(reset_after):
    cell = cells.GRUCell(4, reset_after=reset_after)
    cell.build((None, 3))
    np.testing.assert_array_equal(cell.gate_bias, np.ones(8))
    others = [w for w in cell.weights if "bias" in w.name and w is not cell.gate_bias]
    assert others
    assert all(not np.any(w.numpy()) for w in others)


def test_a_bias_initializer_holds_for_every_bias():
    cell = cells.GRUCell(4, bias_initializer="zeros")
    cell.build((None, 3))
    np.testing.assert_array_equal(cell.gate_bias, np.zeros(8))


def test_kernels_do_not_start_equal():
    cell = cells.GRUCell(4, reset_after=True)
    cell.build((None, 4))
    assert np.abs(cell.input_kernel.numpy() - cell.hidden_kernel.numpy()).max() > 1e-3
