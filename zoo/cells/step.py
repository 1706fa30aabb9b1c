"""One step of any cell, the zoo's or Keras's, with the state in the cell's own structure."""

import contextlib
import functools
import inspect
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

from zoo.cells import state
from zoo.cells.rnn_cell import RNNCell
from zoo.errors import InputError


def check_cell(owner: str, cell: Any) -> Any:
    """Returns `cell` where it is a cell; raises `InputError` where it is not."""
    missing = [name for name in ("call", "state_size") if not hasattr(cell, name)]
    if missing or isinstance(cell, type):
        wanted = "an object" if isinstance(cell, type) else f"one with {' and '.join(missing)}"
        raise InputError(f"{owner} expects a cell, {wanted}; got {cell!r}")
    if isinstance(cell, keras.layers.RNN):
        raise InputError(f"{owner} expects a cell, one step of time; got the layer {cell!r}")
    return cell


def output_size(cell: Any) -> int:
    """The features of a cell's output; where a cell does not say, its first state's."""
    size = getattr(cell, "output_size", None)
    return int(next(state.leaves(cell.state_size)) if size is None else size)


def compute_dtype(cell: Any) -> str:
    """The dtype in which a cell works."""
    return getattr(cell, "compute_dtype", None) or keras.config.floatx()


def initial_state(cell: Any, batch_size: Any) -> Any:
    """A cell's own first state, in its own structure."""
    make = getattr(cell, "get_initial_state", None)
    if make is None:
        return state.zeros(cell.state_size, batch_size, compute_dtype(cell))
    return state.pack(cell.state_size, make(batch_size=batch_size))


def build_cell(cell: Any, input_shape: tuple) -> None:
    """Makes a cell's weights for inputs of `(batch, features)`, or checks that they fit."""
    if isinstance(cell, keras.layers.Layer) and not cell.built:
        cell.build(input_shape)
        cell.built = True
    elif isinstance(cell, RNNCell):
        cell.check_features(input_shape[-1])


def call_cell(cell: Any, inputs: Any, states: Any, training: bool | None = None) -> tuple[Any, Any]:
    """Takes one step.

    Args:
        cell: A zoo cell, a Keras cell, or anything with `call` and `state_size`.
        inputs: `(batch, features)`.
        states: The structure of `cell.state_size`.
        training: Handed on to a cell that takes it.

    Returns:
        `(output, next_states)`, the latter in the structure of `cell.state_size`.
    """
    kwargs = {"training": training} if _takes_training(type(cell)) else {}
    # Keras's contract wraps a single state in a list; the zoo's cells take it bare.
    bare = isinstance(cell, RNNCell) or state.is_sequence(cell.state_size)
    step = cell if callable(cell) else cell.call
    output, next_states = step(inputs, states if bare else [states], **kwargs)
    return output, state.pack(cell.state_size, next_states)


@contextlib.contextmanager
def one_sequence(cell: Any, batch_size: Any, input_size: int) -> Iterator[None]:
    """Holds the masks of variational dropout fixed for the steps taken inside.

    `dynamic_rnn` and `keras.layers.RNN` do this by themselves; a loop written by hand does it with
    this block.

    Args:
        cell: Any cell, wrapped and stacked ones included.
        batch_size: Rows of every step.
        input_size: Features of every input.

    Example:

    >>> cell = DropoutWrapper(BasicRNNCell(4), input_keep_prob=0.5, variational_recurrent=True)
    >>> state = cell.zero_state(2)
    >>> with one_sequence(cell, batch_size=2, input_size=3):
    ...     for _ in range(5):
    ...         output, state = cell(np.ones((2, 3), "float32"), state, training=True)
    """
    begin(cell, batch_size, input_size)
    try:
        yield
    finally:
        end(cell)


def begin(cell: Any, batch_size: Any, input_size: int) -> None:
    """Tells a cell, and the cells inside Keras's own stack, that a sequence begins."""
    if isinstance(cell, RNNCell):
        cell.begin_sequence(batch_size, input_size)
    elif isinstance(cell, keras.layers.StackedRNNCells):
        for layer in cell.cells:
            begin(layer, batch_size, input_size)
            input_size = output_size(layer)
    elif isinstance(cell, DropoutRNNCell):
        end(cell)
        first = next(state.leaves(cell.state_size))
        cell.get_dropout_mask(ops.zeros((batch_size, input_size), compute_dtype(cell)))
        cell.get_recurrent_dropout_mask(ops.zeros((batch_size, first), compute_dtype(cell)))


def end(cell: Any) -> None:
    """Tells a cell, and the cells inside Keras's own stack, that a sequence is over."""
    if isinstance(cell, RNNCell):
        cell.end_sequence()
    elif isinstance(cell, keras.layers.StackedRNNCells):
        for layer in cell.cells:
            end(layer)
    elif isinstance(cell, DropoutRNNCell):
        cell.reset_dropout_mask()
        cell.reset_recurrent_dropout_mask()


@functools.cache
def _takes_training(cell_class: type) -> bool:
    parameters = inspect.signature(cell_class.call).parameters
    return "training" in parameters
