"""The full LSTM against NumPy: peepholes, clipping, projection, and all together."""

import itertools

import numpy as np
import pytest

from zoo import cells
from zoo.cells import LSTMStateTuple
from zoo.errors import InputError


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def reference(cell, x, c, h):
    """One step from the equations, in the order of the paper."""
    weight = {w.name: w.numpy() for w in cell.weights}
    i, j, f, o = np.split(np.hstack([x, h]) @ weight["kernel"] + weight["bias"], 4, axis=1)
    peep = {gate: weight.get(f"w_{gate}_diag", 0.0) for gate in "ifo"}
    new_c = sigmoid(f + cell.forget_bias + peep["f"] * c) * c
    new_c = new_c + sigmoid(i + peep["i"] * c) * np.tanh(j)
    if cell.cell_clip is not None:
        new_c = np.clip(new_c, -cell.cell_clip, cell.cell_clip)
    new_h = sigmoid(o + peep["o"] * new_c) * np.tanh(new_c)
    if cell.num_proj is not None:
        new_h = new_h @ weight["projection_kernel"]
        if cell.proj_clip is not None:
            new_h = np.clip(new_h, -cell.proj_clip, cell.proj_clip)
    return new_c, new_h


CHOICES = list(itertools.product([False, True], [None, 0.4], [(None, None), (2, None), (2, 0.3)]))


@pytest.mark.parametrize(("peepholes", "cell_clip", "projection"), CHOICES)
def test_one_step_against_numpy(random, peepholes, cell_clip, projection):
    cell = cells.LSTMCell(
        4, peepholes, cell_clip, None, *projection, forget_bias=0.7, dtype="float64"
    )
    cell.build((None, 3))
    cell.set_weights([random.normal(size=w.shape) for w in cell.weights])
    size = projection[0] or 4
    assert cell.state_size == LSTMStateTuple(c=4, h=size)
    assert cell.output_size == size
    x, c, h = (random.normal(size=(5, n)) for n in (3, 4, size))
    output, state = cell(x, LSTMStateTuple(c, h))
    new_c, new_h = reference(cell, x, c, h)
    np.testing.assert_allclose(state.c, new_c, rtol=1e-10)
    np.testing.assert_allclose(state.h, new_h, rtol=1e-10)
    np.testing.assert_array_equal(output, state.h)
    if cell_clip:
        assert np.abs(new_c).max() == cell_clip
    if projection[1]:
        assert np.abs(new_h).max() == projection[1]


def test_without_options_it_is_the_basic_cell(random):
    full, basic = cells.LSTMCell(4), cells.BasicLSTMCell(4)
    x, c, h = (random.normal(size=(2, n)).astype("float32") for n in (3, 4, 4))
    full.build((None, 3))
    basic.build((None, 3))
    basic.set_weights(full.get_weights())
    np.testing.assert_array_equal(full(x, (c, h))[0], basic(x, (c, h))[0])


def test_the_joined_state_is_deprecated_and_gives_the_same_numbers(random):
    x, c, h = (random.normal(size=(2, n)).astype("float32") for n in (3, 4, 2))
    cell = cells.LSTMCell(4, num_proj=2)
    with pytest.warns(DeprecationWarning, match="state_is_tuple"):
        joined = cells.LSTMCell(4, num_proj=2, state_is_tuple=False)
    cell.build((None, 3))
    joined.build((None, 3))
    joined.set_weights(cell.get_weights())
    assert joined.state_size == 6
    output, state = joined(x, np.hstack([c, h]))
    expected, parts = cell(x, LSTMStateTuple(c, h))
    np.testing.assert_array_equal(output, expected)
    np.testing.assert_array_equal(state, np.hstack(parts))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_units": 0}, "num_units to be a positive integer; got 0"),
        ({"num_units": 4, "num_proj": -1}, "num_proj to be a positive integer; got -1"),
        ({"num_units": 4, "num_proj": 0}, "num_proj to be a positive integer; got 0"),
        ({"num_units": 4, "cell_clip": 0}, "cell_clip to be a number above zero or None; got 0"),
        ({"num_units": 4, "cell_clip": "1"}, "cell_clip to be a number above zero or None"),
        ({"num_units": 4, "proj_clip": 1.0}, "proj_clip=1.0 but no num_proj"),
    ],
)
def test_settings_that_cannot_be(settings, message):
    with pytest.raises(InputError, match=message):
        cells.LSTMCell(**settings)
