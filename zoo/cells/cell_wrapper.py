"""What every wrapper around a cell is."""

from typing import Any

import keras

from zoo.cells import step
from zoo.cells.rnn_cell import RNNCell


class CellWrapper(RNNCell):
    """A cell that changes what goes into or comes out of another; by itself it changes nothing.

    State and sizes are the inner cell's. A subclass overrides `call`, and `get_config` where it
    has settings.

    Args:
        cell: Any cell, of the zoo or of Keras, wrapped ones included.
        **kwargs: Keras's `name`, `dtype` (the inner cell's where not given), `trainable`.

    Raises:
        InputError: Where `cell` is not a cell.
    """

    def __init__(self, cell: Any, **kwargs):
        step.check_cell(type(self).__name__, cell)
        kwargs.setdefault("dtype", getattr(cell, "dtype_policy", None))
        super().__init__(**kwargs)
        self.cell = cell

    @property
    def state_size(self) -> Any:
        return self.cell.state_size

    @property
    def output_size(self) -> int:
        return step.output_size(self.cell)

    def get_initial_state(self, batch_size: Any = None, dtype: str | None = None) -> Any:
        """The inner cell's own first state; zeros where a dtype is asked for."""
        if dtype is not None:
            return self.zero_state(batch_size, dtype)
        return step.initial_state(self.cell, batch_size)

    def build(self, input_shape):
        self.keep_input_features(input_shape)
        step.build_cell(self.cell, input_shape)

    def call(self, inputs, states, training=None):
        return step.call_cell(self.cell, inputs, states, training)

    def begin_sequence(self, batch_size: Any, input_size: int) -> None:
        step.begin(self.cell, batch_size, input_size)

    def end_sequence(self) -> None:
        step.end(self.cell)

    def get_config(self):
        return {**super().get_config(), "cell": keras.saving.serialize_keras_object(self.cell)}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        cell = keras.saving.deserialize_keras_object(config["cell"], custom_objects=custom_objects)
        return cls(**{**config, "cell": cell})
