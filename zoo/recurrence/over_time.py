"""One cell over time by the fastest layer there is for it, with the cell's single step beside."""

import gc
import weakref
from typing import Any

import keras
import tensorflow as tf

from zoo import cells
from zoo.cells import step
from zoo.cells.multi_rnn_cell import parts
from zoo.errors import InputError
from zoo.recurrence.cell_config import CellInConfig, cell_to_config
from zoo.recurrence.dynamic_rnn import DynamicRNN
from zoo.recurrence.gru import GRU
from zoo.recurrence.layer_call import CheckedCall
from zoo.recurrence.lstm import LSTM
from zoo.recurrence.min_gru import MinGRU
from zoo.recurrence.min_lstm import MinLSTM
from zoo.recurrence.qrnn import QRNN
from zoo.recurrence.simple_rnn import SimpleRNN
from zoo.recurrence.sru import SRU

RECURRENT_KERNELS = {"lstm": LSTM, "gru": GRU, "simple_rnn": SimpleRNN}
AVERAGES = {"sru": SRU, "qrnn": QRNN, "min_gru": MinGRU, "min_lstm": MinLSTM}
FAST_LAYERS = RECURRENT_KERNELS | AVERAGES


@keras.saving.register_keras_serializable(package="zoo")
class OverTime(CellInConfig, CheckedCall, keras.layers.Layer):
    """A cell over a right-padded batch: a fast layer for a name that has one, else a plain loop.

    Args:
        cell: A registered name, or a cell object, which is run by `DynamicRNN`.
        units: Width of the cell; not needed with an object.
        recurrent_weight_dropout: Share of the recurrent weights that is dropped in training, by
            one mask a call (see `FastRecurrence`); for "lstm", "gru" and "simple_rnn". `step` drops
            none: a mask of its own for every step would be another thing. Defaults to 0.

    Call arguments:
        inputs: [B, T, D].
        sequence_length: int [B] or None. Outputs past it are zero; the state is the one at the
            last real step, and the initial state for a row of length zero.
        initial_state: The cell's own structure, or None for zeros.

    Returns:
        Outputs [B, T, output_size] and the final state in the cell's own structure.

    Raises:
        InputError: an unknown cell, or recurrent_weight_dropout for one whose layer has none; what
            `CheckedCall` refuses.
    """

    def __init__(
        self,
        cell: Any,
        units: int | None = None,
        recurrent_weight_dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self._given, self.units = cell_to_config(cell), units
        self.recurrent_weight_dropout = recurrent_weight_dropout
        # Lengths are an argument; a mask that Keras attached to the inputs goes no further.
        self.supports_masking = True
        made = cells.get(cell, units)
        _take(made, self)
        self.is_fast = isinstance(cell, str) and cell in FAST_LAYERS
        drops = isinstance(cell, str) and cell in RECURRENT_KERNELS
        if recurrent_weight_dropout and not drops:
            raise InputError(
                f"recurrent_weight_dropout is {recurrent_weight_dropout!r}, which goes with the "
                f"cells {', '.join(RECURRENT_KERNELS)} alone; got {cell!r}"
            )
        if self.is_fast:
            self.layer = FAST_LAYERS[cell](
                made.units,
                return_sequences=True,
                return_state=True,
                zero_output_for_mask=True,
                **(dict(recurrent_weight_dropout=recurrent_weight_dropout) if drops else {}),
            )
        else:
            self.layer = DynamicRNN(made)

    @property
    def cell(self):
        """The cell that runs; its weights are the layer's."""
        return self.layer.cell

    @property
    def output_size(self) -> int:
        """Width of one step's output."""
        return step.output_size(self.cell)

    @property
    def state_widths(self):
        """The widths of the state's tensors in the cell's own structure."""
        return tf.nest.map_structure(lambda part: part.shape[-1], self.get_initial_state(1))

    def build(self, inputs_shape, sequence_length_shape=None, initial_state_shape=None):
        self.layer.build(tuple(inputs_shape))

    def compute_output_spec(self, inputs, sequence_length=None, initial_state=None, training=None):
        # Said outright: Keras would trace the loop to find it out.
        batch, time = inputs.shape[:2]
        return (
            keras.KerasTensor((batch, time, self.output_size), self.compute_dtype),
            tf.nest.map_structure(
                lambda width: keras.KerasTensor((batch, width), self.compute_dtype),
                self.state_widths,
            ),
        )

    def get_initial_state(self, batch_size):
        """Returns zeros in the structure of the cell's state."""
        if self.is_fast:
            return self.cell.get_initial_state(batch_size=batch_size)
        return step.initial_state(self.cell, batch_size)

    def call(self, inputs, sequence_length=None, initial_state=None, training=None):
        if initial_state is None:
            initial_state = self.get_initial_state(tf.shape(inputs)[0])
        if not self.is_fast:
            return self.layer(inputs, sequence_length, initial_state, training=training)
        outputs, *state = self.layer(
            inputs, initial_state, training=training, sequence_length=sequence_length
        )
        if isinstance(self.cell, cells.RNNCell):
            state = tf.nest.pack_sequence_as(self.cell.state_size, state)
        # A tensor of its own: Keras has hung the inputs' mask on that of the layer.
        return tf.identity(outputs), state

    def step(self, inputs, state, training=None):
        """Runs one step: inputs [B, D] -> (output [B, output_size], next state)."""
        if self.is_fast:
            return self.cell(inputs, state, training=training)
        return step.call_cell(self.cell, inputs, state, training)

    def compute_mask(self, *arguments, **keywords):
        return None

    def get_config(self):
        return {
            **super().get_config(),
            "cell": self._given,
            "units": self.units,
            "recurrent_weight_dropout": self.recurrent_weight_dropout,
        }


# The layer that has each cell object, and the cells inside it, for as long as it lives.
_OWNERS: weakref.WeakValueDictionary = weakref.WeakValueDictionary()


def _take(cell: Any, layer: OverTime) -> None:
    """Notes whose a cell is; raises `InputError` where it is another layer's."""
    if any(id(part) in _OWNERS for part in parts(cell)):
        gc.collect()  # A layer that nothing uses any more may still wait to be freed.
    for part in parts(cell):
        if id(part) in _OWNERS:
            name = type(part).__name__
            raise InputError(
                f"this {name} object is already in another layer, {_OWNERS[id(part)].name!r}, "
                f"which would share its weights: make a new {name} for each layer"
            )
    for part in parts(cell):
        _OWNERS[id(part)] = layer
