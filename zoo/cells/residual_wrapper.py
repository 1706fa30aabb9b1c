"""A residual connection around a cell."""

from collections.abc import Callable
from typing import Any

import keras

from zoo.cells import step
from zoo.cells.cell_wrapper import CellWrapper
from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo")
class ResidualWrapper(CellWrapper):
    """Adds a cell's input to its output, TensorFlow's `ResidualWrapper`.

    `y_t = x_t + output_t` (He et al. 2015, arXiv:1512.03385; between stacked LSTMs, Wu et al. 2016,
    arXiv:1609.08144). The state is untouched.

    Args:
        cell: The cell inside; its output must have the size of its input.
        residual_fn: `(inputs, outputs) -> outputs` in place of the sum; register it with
            `keras.saving.register_keras_serializable` for it to be saved.
        **kwargs: Keras's `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: `(batch, output_size)`.
        states: The inner cell's.

    Returns:
        `(inputs + output, next_states)`.

    Raises:
        InputError: Where input and output differ in size and there is no `residual_fn`.

    Example:

    >>> cell = ResidualWrapper(BasicRNNCell(4))
    >>> output, state = cell(np.ones((2, 4), "float32"), cell.zero_state(2))
    """

    def __init__(self, cell: Any, residual_fn: Callable | None = None, **kwargs):
        super().__init__(cell, **kwargs)
        self.residual_fn = residual_fn

    def build(self, input_shape):
        if self.residual_fn is None and input_shape[-1] != self.output_size:
            raise InputError(
                f"ResidualWrapper expects as many input features as the cell has outputs, "
                f"{self.output_size}; got {input_shape[-1]}"
            )
        super().build(input_shape)

    def call(self, inputs, states, training=None):
        output, next_states = step.call_cell(self.cell, inputs, states, training)
        join = self.residual_fn or (lambda x, y: x + y)
        return join(inputs, output), next_states

    def get_config(self):
        fn = self.residual_fn and keras.saving.serialize_keras_object(self.residual_fn)
        return {**super().get_config(), "residual_fn": fn}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        fn = config["residual_fn"] and keras.saving.deserialize_keras_object(
            config["residual_fn"], custom_objects=custom_objects
        )
        return super().from_config({**config, "residual_fn": fn}, custom_objects)
