"""The output of the step before, among the parts of a cell's state."""

from typing import Any

import keras

from zoo.cells import state as states
from zoo.cells.cell_wrapper import CellWrapper
from zoo.cells.gated_average_cell import GatedAverageCell
from zoo.cells.highway_wrapper import HighwayWrapper
from zoo.cells.lstm_state_tuple import LSTMStateTuple
from zoo.cells.multi_rnn_cell import MultiRNNCell
from zoo.cells.output_projection_wrapper import OutputProjectionWrapper
from zoo.cells.residual_wrapper import ResidualWrapper
from zoo.errors import InputError

_CHANGES_OUTPUT = (HighwayWrapper, OutputProjectionWrapper, ResidualWrapper)


def output_in(cell: Any, state: Any) -> Any:
    """Returns the part of a state that is the last output.

    TensorFlow's LSTMs carry (c, h), of which h is the output; Keras's cells have it first; of a
    stack it is the top cell's. Dropout of the output is left aside.

    Args:
        cell: The cell whose state it is.
        state: The structure of `cell.state_size`, of tensors or sizes; lists may stand for tuples.

    Raises:
        InputError: For a cell whose output is no part of its state.

    Example:

    >>> output_in(MultiRNNCell([BasicLSTMCell(3), BasicLSTMCell(4)]), ((1, 2), (3, 4)))
    4
    """
    joined = getattr(cell, "state_is_tuple", True) is False
    shown = isinstance(cell, GatedAverageCell) and (
        type(cell).to_output is not GatedAverageCell.to_output
    )
    if joined or shown or isinstance(cell, _CHANGES_OUTPUT):
        raise InputError(
            f"the output of {type(cell).__name__} is no part of its state, which is asked for here "
            "as the output of the step before: take another cell or query"
        )
    if isinstance(cell, CellWrapper):
        return output_in(cell.cell, state)
    if isinstance(cell, (MultiRNNCell, keras.layers.StackedRNNCells)):
        return output_in(cell.cells[-1], state[-1])
    if isinstance(cell.state_size, LSTMStateTuple):
        return state[1]
    return next(states.leaves(state))
