"""A highway connection around a cell."""

from typing import Any

import keras
from keras import ops

from zoo.cells import step
from zoo.cells.cell_wrapper import CellWrapper
from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo")
class HighwayWrapper(CellWrapper):
    """Mixes a cell's input into its output through gates, `tf.contrib.rnn.HighwayWrapper`.

    After Srivastava, Greff and Schmidhuber 2015 (arXiv:1505.00387)::

        carry     = sigmoid(x_t carry_w + carry_b)
        transform = 1 - carry, or sigmoid(x_t transform_w + transform_b)
        y_t       = carry * x_t + transform * output_t

    The state is untouched.

    Args:
        cell: The cell inside; its output must have the size of its input.
        couple_carry_transform_gates: Whether `transform` is `1 - carry`.
        carry_bias_init: Where `carry_b` starts; `transform_b` starts at its negative.
        kernel_initializer: How `carry_w` and `transform_w` start.
        **kwargs: Keras's `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: `(batch, output_size)`.
        states: The inner cell's.

    Returns:
        `(y, next_states)`.

    Raises:
        InputError: Where input and output differ in size.

    Example:

    >>> cell = HighwayWrapper(BasicRNNCell(4))
    >>> output, state = cell(np.ones((2, 4), "float32"), cell.zero_state(2))
    """

    def __init__(
        self,
        cell: Any,
        couple_carry_transform_gates: bool = True,
        carry_bias_init: float = 1.0,
        *,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(cell, **kwargs)
        self.couple_carry_transform_gates = couple_carry_transform_gates
        self.carry_bias_init = float(carry_bias_init)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        if input_shape[-1] != self.output_size:
            raise InputError(
                f"HighwayWrapper expects as many input features as the cell has outputs, "
                f"{self.output_size}; got {input_shape[-1]}"
            )
        super().build(input_shape)
        self.carry_w, self.carry_b = self._add_gate("carry", self.carry_bias_init)
        if not self.couple_carry_transform_gates:
            self.transform_w, self.transform_b = self._add_gate("transform", -self.carry_bias_init)

    def call(self, inputs, states, training=None):
        output, next_states = step.call_cell(self.cell, inputs, states, training)
        carry = ops.sigmoid(ops.matmul(inputs, self.carry_w) + self.carry_b)
        if self.couple_carry_transform_gates:
            transform = 1 - carry
        else:
            transform = ops.sigmoid(ops.matmul(inputs, self.transform_w) + self.transform_b)
        return carry * inputs + transform * output, next_states

    def get_config(self):
        return {
            **super().get_config(),
            "couple_carry_transform_gates": self.couple_carry_transform_gates,
            "carry_bias_init": self.carry_bias_init,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }

    def _add_gate(self, name: str, bias: float):
        size = self.output_size
        kernel = self.add_weight(
            name=f"{name}_w", shape=(size, size), initializer=self.kernel_initializer.clone()
        )
        start = keras.initializers.Constant(bias)
        return kernel, self.add_weight(name=f"{name}_b", shape=(size,), initializer=start)
