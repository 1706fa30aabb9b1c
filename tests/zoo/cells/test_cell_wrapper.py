"""What holds for every wrapper."""

import keras
import pytest

from zoo import cells
from zoo.errors import InputError


@pytest.mark.parametrize(
    "wrapper",
    [cells.CellWrapper, cells.ResidualWrapper, cells.HighwayWrapper, cells.DropoutWrapper],
)
@pytest.mark.parametrize("inside", [3, "lstm", cells.GRUCell, keras.layers.GRU(4)])
def test_what_is_wrapped_is_a_cell(wrapper, inside):
    with pytest.raises(InputError, match=f"{wrapper.__name__} expects a cell"):
        wrapper(inside)


def test_the_inner_cell_decides_state_dtype_and_start():
    inner = cells.MultiRNNCell([cells.BasicLSTMCell(3, dtype="float64"), cells.GRUCell(2)])
    wrapper = cells.CellWrapper(inner)
    assert wrapper.state_size == inner.state_size
    assert wrapper.output_size == 2
    assert wrapper.compute_dtype == "float64"
    assert wrapper.get_initial_state(5)[0].c.shape == (5, 3)
