"""From the output of a cell, which is its hidden state, to the y of the textbooks."""

from typing import Any

import keras
from keras import ops

from zoo.cells import settings, step
from zoo.cells.cell_wrapper import CellWrapper


@keras.saving.register_keras_serializable(package="zoo")
class OutputProjectionWrapper(CellWrapper):
    """Turns a cell's output h into `y = activation(V h + c)`, `tf.contrib.rnn`'s wrapper.

    Why output is not y: the textbooks' classic network has `h_t = tanh(U x_t + W h_{t-1} + b)` and
    `y_t = softmax(V h_t + c)`. TensorFlow's and Keras's cells stop at the first line. What they
    call output is `h_t` once more, which is why a cell's `output_size` equals its state size; V
    and c belong to nobody until somebody adds them, with this wrapper or with a `Dense` layer on
    the whole sequence (the same numbers in one product).

    `activation="softmax"` gives the textbooks' y. The default gives logits, as in TensorFlow, and
    is what a loss with `from_logits=True` wants.

    Args:
        cell: The cell inside.
        output_size: The size of y.
        activation: A Keras activation; None is none.
        reuse: What TensorFlow 1 had for sharing weights by name. None and False are ignored;
            anything else is refused: give the same cell object instead.
        kernel_initializer: How `kernel`, `(size of h, output_size)`, the transpose of V, starts.
        bias_initializer: How `bias`, `(output_size,)`, which is c, starts.
        **kwargs: Keras's `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: `(batch, features)`.
        states: The inner cell's.

    Returns:
        `(y, next_states)`, with y `(batch, output_size)`.

    Raises:
        InputError: For an `output_size` that is not a positive integer.

    Example:

    >>> cell = OutputProjectionWrapper(BasicRNNCell(8), 3, activation="softmax")
    >>> y, state = cell(np.ones((2, 5), "float32"), cell.zero_state(2))
    >>> tuple(y.shape), tuple(state.shape)
    ((2, 3), (2, 8))
    """

    def __init__(
        self,
        cell: Any,
        output_size: int,
        activation=None,
        reuse: bool | None = None,
        *,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(cell, **kwargs)
        name = type(self).__name__
        settings.no_reuse(name, reuse)
        self._output_size = settings.positive_integer(name, "output_size", output_size)
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    @property
    def output_size(self) -> int:
        return self._output_size

    def build(self, input_shape):
        super().build(input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(step.output_size(self.cell), self.output_size),
            initializer=self.kernel_initializer,
        )
        self.bias = self.add_weight(
            name="bias", shape=(self.output_size,), initializer=self.bias_initializer
        )

    def call(self, inputs, states, training=None):
        output, next_states = step.call_cell(self.cell, inputs, states, training)
        return self.activation(ops.matmul(output, self.kernel) + self.bias), next_states

    def get_config(self):
        return {
            **super().get_config(),
            "output_size": self.output_size,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
