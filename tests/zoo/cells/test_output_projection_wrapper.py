"""From h to y, against NumPy."""

import numpy as np
import pytest

from zoo import cells
from zoo.errors import InputError


@pytest.fixture
def step(random):
    """Inputs, a state and a GRU cell whose input has the size of its output."""
    inner = cells.GRUCell(4, dtype="float64")
    return random.normal(size=(3, 4)), random.normal(size=(3, 4)), inner


def test_projection_is_the_y_of_the_textbooks(step, random):
    x, h, inner = step
    cell = cells.OutputProjectionWrapper(inner, 3, activation="softmax", bias_initializer="normal")
    y, state = cell(x, h)
    hidden, expected_state = inner(x, h)
    logits = hidden.numpy() @ cell.kernel.numpy() + cell.bias.numpy()
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(y, expected, rtol=1e-10)
    np.testing.assert_array_equal(state, expected_state)
    assert (cell.output_size, cell.state_size) == (3, 4)


def test_projection_gives_logits_by_default(step):
    x, h, inner = step
    cell = cells.OutputProjectionWrapper(inner, 3)
    y, _ = cell(x, h)
    logits = inner(x, h)[0].numpy() @ cell.kernel.numpy() + cell.bias.numpy()
    np.testing.assert_allclose(y, logits, rtol=1e-10)


@pytest.mark.parametrize("size", [0, -2, 1.5, "3"])
def test_projection_to_a_size_that_cannot_be(size):
    with pytest.raises(InputError, match="output_size to be a positive integer"):
        cells.OutputProjectionWrapper(cells.GRUCell(4), size)
