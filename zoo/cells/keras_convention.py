"""From TensorFlow's convention of weights to Keras's."""

from typing import Any

import keras
import numpy as np

from zoo.cells.basic_lstm_cell import BasicLSTMCell
from zoo.cells.basic_rnn_cell import BasicRNNCell
from zoo.cells.gru_cell import GRUCell
from zoo.cells.lstm_cell import LSTMCell
from zoo.errors import InputError


def to_keras(cell: Any) -> Any:
    """Makes the Keras cell that computes the same numbers, for Keras's and the fast layers.

    What changes on the way:

    - the joined kernel over `[x, h]` becomes `kernel` over x and `recurrent_kernel` over h;
    - LSTM gates i, j, f, o become i, f, c, o, and `forget_bias` moves into the bias;
    - GRU gates r, u become z, r with z = u;
    - the state of an LSTM is `[h, c]`, no longer `LSTMStateTuple(c, h)`.

    Args:
        cell: A built `BasicRNNCell`, `GRUCell`, `BasicLSTMCell`, or an `LSTMCell` without
            peepholes, clipping and projection.

    Returns:
        A built `keras.layers.SimpleRNNCell`, `GRUCell` or `LSTMCell`.

    Raises:
        InputError: For another cell, one that Keras has no counterpart for, or one not yet built.

    Example:

    >>> cell = BasicLSTMCell(4)
    >>> cell.build((None, 3))
    >>> to_keras(cell).state_size
    [4, 4]
    """
    convert = _CONVERTERS.get(type(cell))
    if convert is None:
        known = ", ".join(sorted(kind.__name__ for kind in _CONVERTERS))
        raise InputError(f"to_keras expects one of {known}; got {type(cell).__name__}")
    if not cell.built:
        raise InputError(
            f"to_keras expects a built cell; call {type(cell).__name__}.build((None, features))"
        )
    made, weights = convert(cell)
    made.build((None, cell.input_features))
    made.built = True
    made.set_weights(weights)
    return made


def _basic_rnn(cell: BasicRNNCell):
    made = keras.layers.SimpleRNNCell(
        cell.num_units, activation=cell.activation, dtype=cell.dtype_policy
    )
    return made, [*_split_rows(cell, cell.kernel), _array(cell.bias)]


def _gru(cell: GRUCell):
    made = keras.layers.GRUCell(
        cell.num_units,
        activation=cell.activation,
        reset_after=cell.reset_after,
        dtype=cell.dtype_policy,
    )
    (x_r, x_u), (h_r, h_u) = (
        np.split(rows, 2, axis=1) for rows in _split_rows(cell, cell.gate_kernel)
    )
    b_r, b_u = np.split(_array(cell.gate_bias), 2)
    if cell.reset_after:
        x_c, h_c = _array(cell.input_kernel), _array(cell.hidden_kernel)
        of_input = np.concatenate([b_u, b_r, _array(cell.input_bias)])
        of_hidden = np.concatenate([0 * b_u, 0 * b_r, _array(cell.hidden_bias)])
        bias = np.stack([of_input, of_hidden])
    else:
        x_c, h_c = _split_rows(cell, cell.candidate_kernel)
        bias = np.concatenate([b_u, b_r, _array(cell.candidate_bias)])
    kernel = np.concatenate([x_u, x_r, x_c], axis=1)
    return made, [kernel, np.concatenate([h_u, h_r, h_c], axis=1), bias]


def _lstm(cell: BasicLSTMCell | LSTMCell):
    special = ("use_peepholes", "cell_clip", "num_proj")
    found = [name for name in special if getattr(cell, name, None)]
    if found:
        raise InputError(f"to_keras: Keras has no LSTM cell with {', '.join(found)}")
    made = keras.layers.LSTMCell(
        cell.num_units,
        activation=cell.activation,
        unit_forget_bias=False,
        dtype=cell.dtype_policy,
    )
    kernels = [_reorder(rows) for rows in _split_rows(cell, cell.kernel)]
    i, j, f, o = np.split(_array(cell.bias), 4)
    return made, [*kernels, np.concatenate([i, f + cell.forget_bias, j, o])]


def _reorder(matrix: np.ndarray) -> np.ndarray:
    i, j, f, o = np.split(matrix, 4, axis=1)
    return np.concatenate([i, f, j, o], axis=1)


def _split_rows(cell: Any, kernel: Any) -> tuple[np.ndarray, np.ndarray]:
    matrix = _array(kernel)
    return matrix[: cell.input_features], matrix[cell.input_features :]


def _array(variable: Any) -> np.ndarray:
    return keras.ops.convert_to_numpy(variable)


_CONVERTERS = {
    BasicRNNCell: _basic_rnn,
    GRUCell: _gru,
    BasicLSTMCell: _lstm,
    LSTMCell: _lstm,
}
