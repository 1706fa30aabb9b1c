"""The residual connection."""

import keras
import numpy as np
import pytest

from zoo import cells
from zoo.errors import InputError


@pytest.fixture
def step(random):
    """Inputs, a state and a GRU cell whose input has the size of its output."""
    inner = cells.GRUCell(4, dtype="float64")
    return random.normal(size=(3, 4)), random.normal(size=(3, 4)), inner


def test_residual_adds_the_input(step):
    x, h, inner = step
    output, state = cells.ResidualWrapper(inner)(x, h)
    expected, expected_state = inner(x, h)
    np.testing.assert_allclose(output, x + expected, rtol=1e-12)
    np.testing.assert_array_equal(state, expected_state)


@keras.saving.register_keras_serializable(package="zoo_tests")
def twice_the_input(inputs, outputs):
    return 2.0 * inputs + outputs


def test_residual_by_another_function(step):
    x, h, inner = step
    cell = cells.ResidualWrapper(inner, residual_fn=twice_the_input)
    np.testing.assert_allclose(cell(x, h)[0], 2 * x + inner(x, h)[0], rtol=1e-12)
    copy = cells.ResidualWrapper.from_config(cell.get_config())
    assert copy.residual_fn is twice_the_input


def test_it_needs_an_input_of_the_size_of_the_output():
    cell = cells.ResidualWrapper(cells.GRUCell(4))
    with pytest.raises(InputError, match=r"as many input features .* 4; got 3"):
        cell(np.zeros((2, 3), "float32"), cell.zero_state(2))
