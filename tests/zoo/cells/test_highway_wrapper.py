"""The highway connection against NumPy."""

import numpy as np
import pytest

from zoo import cells
from zoo.errors import InputError


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.fixture
def step(random):
    """Inputs, a state and a GRU cell whose input has the size of its output."""
    inner = cells.GRUCell(4, dtype="float64")
    return random.normal(size=(3, 4)), random.normal(size=(3, 4)), inner


@pytest.mark.parametrize("coupled", [True, False])
def test_highway_against_numpy(step, random, coupled):
    x, h, inner = step
    cell = cells.HighwayWrapper(inner, couple_carry_transform_gates=coupled)
    cell.build((None, 4))
    gates = [w for w in cell.weights if w.name.split("_")[0] in ("carry", "transform")]
    assert len(gates) == (2 if coupled else 4)
    for variable in gates:
        variable.assign(random.normal(size=variable.shape))
    carry = sigmoid(x @ cell.carry_w.numpy() + cell.carry_b.numpy())
    transform = 1 - carry
    if not coupled:
        transform = sigmoid(x @ cell.transform_w.numpy() + cell.transform_b.numpy())
    output, state = cell(x, h)
    expected, expected_state = inner(x, h)
    np.testing.assert_allclose(output, carry * x + transform * expected.numpy(), rtol=1e-10)
    np.testing.assert_array_equal(state, expected_state)


def test_highway_starts_by_carrying():
    cell = cells.HighwayWrapper(cells.GRUCell(4), False, carry_bias_init=2.0)
    cell.build((None, 4))
    np.testing.assert_array_equal(cell.carry_b, [2.0] * 4)
    np.testing.assert_array_equal(cell.transform_b, [-2.0] * 4)


def test_it_needs_an_input_of_the_size_of_the_output():
    cell = cells.HighwayWrapper(cells.GRUCell(4))
    with pytest.raises(InputError, match=r"as many input features .* 4; got 3"):
        cell(np.zeros((2, 3), "float32"), cell.zero_state(2))
