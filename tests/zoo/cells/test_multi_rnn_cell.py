"""A stack of cells, and the trap of putting one cell into it twice."""

import keras
import numpy as np
import pytest

from zoo import cells
from zoo.cells import LSTMStateTuple
from zoo.errors import InputError


def test_three_layers_have_a_tuple_of_three_sizes():
    cell = cells.MultiRNNCell([cells.BasicRNNCell(128) for _ in range(3)])
    assert cell.state_size == (128, 128, 128)
    assert cell.output_size == 128
    assert [tuple(h.shape) for h in cell.zero_state(32, "float32")] == [(32, 128)] * 3


def test_each_cell_feeds_the_next(random):
    x = random.normal(size=(2, 3)).astype("float32")
    lower, upper = cells.BasicLSTMCell(4), cells.GRUCell(5)
    stack = cells.MultiRNNCell([lower, upper])
    c, h, g = (random.normal(size=(2, n)).astype("float32") for n in (4, 4, 5))
    output, (lstm_state, gru_state) = stack(x, (LSTMStateTuple(c, h), g))
    middle, expected_lstm = lower(x, LSTMStateTuple(c, h))
    top, expected_gru = upper(middle, g)
    np.testing.assert_array_equal(output, top)
    np.testing.assert_array_equal(lstm_state.c, expected_lstm.c)
    np.testing.assert_array_equal(gru_state, expected_gru)
    assert isinstance(lstm_state, LSTMStateTuple)


def test_keras_cells_and_stacks_may_be_inside(random):
    x = random.normal(size=(2, 3)).astype("float32")
    inner = cells.MultiRNNCell([keras.layers.SimpleRNNCell(3), cells.BasicRNNCell(2)])
    stack = cells.MultiRNNCell([keras.layers.LSTMCell(4), inner, keras.layers.GRUCell(6)])
    assert stack.state_size == ([4, 4], (3, 2), 6)
    state = stack.get_initial_state(2)
    output, state = stack(x, state)
    assert tuple(output.shape) == (2, 6)
    (h, c), (first, second), last = state
    assert [tuple(part.shape)[1] for part in (h, c, first, second, last)] == [4, 4, 3, 2, 6]


def test_weights_are_those_of_the_layers():
    stack = cells.MultiRNNCell([cells.BasicRNNCell(4) for _ in range(3)])
    stack.build((None, 3))
    assert [tuple(w.shape) for w in stack.weights] == [(7, 4), (4,), (8, 4), (4,), (8, 4), (4,)]


@pytest.mark.parametrize(
    "make",
    [
        lambda cell: [cell] * 3,
        lambda cell: [cell, cells.BasicRNNCell(4), cell],
        lambda cell: [cells.DropoutWrapper(cell), cells.DropoutWrapper(cell)],
        lambda cell: [cells.MultiRNNCell([cell]), cells.MultiRNNCell([cell])],
        lambda cell: [keras.layers.StackedRNNCells([cell]), cells.ResidualWrapper(cell)],
    ],
)
def test_one_cell_at_two_depths_is_refused(make):
    with pytest.raises(InputError, match=r"same BasicRNNCell.* for _ in range\(\d\)\]") as caught:
        cells.MultiRNNCell(make(cells.BasicRNNCell(4)))
    assert "\n" not in str(caught.value)


def test_a_list_multiplied_says_its_depths():
    with pytest.raises(InputError, match="at depths 0 and 1"):
        cells.MultiRNNCell([keras.layers.LSTMCell(4)] * 3)


def test_a_cell_used_below_cannot_be_used_above():
    cell = cells.BasicRNNCell(4)
    output, state = cell(np.zeros((2, 3), "float32"), cell.zero_state(2))
    with pytest.raises(
        InputError, match=r"built for 3 input features and got 4.*new cell for each"
    ):
        cell(output, state)


def test_a_built_cell_must_fit_its_place():
    cell = cells.BasicRNNCell(4)
    cell.build((None, 3))
    with pytest.raises(InputError, match="built for 3 input features and got 6"):
        cells.MultiRNNCell([cells.GRUCell(6), cell]).build((None, 3))


@pytest.mark.parametrize("given", [[], (), cells.BasicRNNCell, "lstm", None])
def test_what_is_not_a_list_of_cells(given):
    with pytest.raises(InputError, match="expects a list of at least one cell"):
        cells.MultiRNNCell(given)


def test_a_list_of_what_is_not_a_cell():
    with pytest.raises(InputError, match=r"expects a cell.*got 3"):
        cells.MultiRNNCell([cells.BasicRNNCell(4), 3])


def test_the_joined_state(random):
    x = random.normal(size=(2, 3)).astype("float32")
    layers = [cells.BasicRNNCell(4), cells.GRUCell(2)]
    with pytest.warns(DeprecationWarning, match="state_is_tuple"):
        joined = cells.MultiRNNCell(layers, state_is_tuple=False)
    assert joined.state_size == 6
    first, second = (random.normal(size=(2, n)).astype("float32") for n in (4, 2))
    output, state = joined(x, np.hstack([first, second]))
    expected, parts = cells.MultiRNNCell(layers)(x, (first, second))
    np.testing.assert_array_equal(output, expected)
    np.testing.assert_array_equal(state, np.hstack(parts))


def test_the_joined_state_needs_cells_of_one_tensor():
    with pytest.raises(InputError, match="single tensors"):
        cells.MultiRNNCell([cells.BasicLSTMCell(4)], state_is_tuple=False)
