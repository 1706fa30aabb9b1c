"""Cells by name."""

from typing import Any

import keras

from zoo.cells import settings, step
from zoo.cells.basic_lstm_cell import BasicLSTMCell
from zoo.cells.basic_rnn_cell import BasicRNNCell
from zoo.cells.gru_cell import GRUCell
from zoo.cells.layer_norm_basic_lstm_cell import LayerNormBasicLSTMCell
from zoo.cells.lstm_cell import LSTMCell
from zoo.cells.min_gru_cell import MinGRUCell
from zoo.cells.min_lstm_cell import MinLSTMCell
from zoo.cells.qrnn_cell import QRNNCell
from zoo.cells.sru_cell import SRUCell
from zoo.errors import InputError
from zoo.registry import Registry

_CELLS: Registry = Registry("cell")

# Keras's convention, for which there are fast layers.
_CELLS.register("simple_rnn")(keras.layers.SimpleRNNCell)
_CELLS.register("lstm")(keras.layers.LSTMCell)
_CELLS.register("gru")(keras.layers.GRUCell)
# No product in the loop over time; there are fast layers for them too.
_CELLS.register("sru")(SRUCell)
_CELLS.register("qrnn")(QRNNCell)
_CELLS.register("min_gru")(MinGRUCell)
_CELLS.register("min_lstm")(MinLSTMCell)
# TensorFlow's family.
_CELLS.register("basic_rnn")(BasicRNNCell)
_CELLS.register("tf_gru")(GRUCell)
_CELLS.register("basic_lstm")(BasicLSTMCell)
_CELLS.register("tf_lstm")(LSTMCell)
_CELLS.register("layer_norm_basic_lstm")(LayerNormBasicLSTMCell)


@_CELLS.register("peephole_lstm")
def peephole_lstm(num_units: int, **kwargs) -> LSTMCell:
    """TensorFlow's `LSTMCell` with its peepholes on."""
    return LSTMCell(num_units, **{"use_peepholes": True, **kwargs})


def get(name_or_cell: Any, units: int | None = None, **settings_: Any) -> Any:
    """Makes a cell from its name, or passes a cell through.

    Args:
        name_or_cell: One of `names()`, or a cell.
        units: The size of the cell's state; for a cell that is passed through None, or the size
            of its output.
        **settings_: Handed to the cell's constructor.

    Returns:
        A new cell, or the very cell that was given.

    Raises:
        InputError: For an unknown name, units that are not a positive integer, settings that the
            cell does not take, or something that is not a cell.

    Example:

    >>> get("basic_lstm", 8, forget_bias=0.0).state_size
    LSTMStateTuple(c=8, h=8)
    """
    if not isinstance(name_or_cell, str):
        return _pass_through(name_or_cell, units, settings_)
    make = _CELLS.get(name_or_cell)
    units = settings.positive_integer(f"cell {name_or_cell!r}", "units", units)
    try:
        return make(units, **settings_)
    except InputError:
        raise
    except (TypeError, ValueError) as error:
        given = ", ".join(f"{key}={value!r}" for key, value in settings_.items())
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"cell {name_or_cell!r} cannot be made with {given}: {reason}") from error


def names(pattern: str = "*") -> list[str]:
    """The names that `get` knows, sorted; `pattern` is a shell pattern."""
    return _CELLS.names(pattern)


def _pass_through(cell: Any, units: int | None, settings_: dict) -> Any:
    step.check_cell("zoo.cells.get", cell)
    if settings_:
        raise InputError(
            f"zoo.cells.get takes settings with a name only; got {', '.join(settings_)} with the "
            f"ready {type(cell).__name__}"
        )
    if units is not None and units != step.output_size(cell):
        raise InputError(
            f"zoo.cells.get got units={units!r} with a ready {type(cell).__name__} of "
            f"{step.output_size(cell)} units"
        )
    return cell
