"""The minimal long short-term memory."""

import keras
from keras import ops

from zoo.cells.gated_average_cell import GatedAverageCell


@keras.saving.register_keras_serializable(package="zoo")
class MinLSTMCell(GatedAverageCell):
    """An LSTM without its state in the gates (Feng et al. 2024, arXiv:2410.01201, "minLSTM").

    With `f, i, candidate = split(x_t kernel + bias)`, f and i after a sigmoid::

        h_t = f / (f + i) * h_{t-1} + i / (f + i) * activation(candidate)

    The shares are computed from logarithms, so that gates that are both shut divide no zeros.

    Args:
        units: The size of the state and of the output.
        activation: A Keras activation of the candidate; None is none, as in the paper.
        gate_bias: How the bias of f starts. At 1 a fresh cell keeps 59 % of its state a step.
        kernel_initializer: How the kernel starts.
        **kwargs: Keras's `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: `(batch, features)`.
        states: `(batch, units)`.

    Returns:
        `(output, next_state)`, the same tensor twice, `(batch, units)`.

    Raises:
        InputError: For `units` that are not a positive integer, a `gate_bias` that is no number;
            for inputs or states of another shape or dtype.

    Example:

    >>> cell = MinLSTMCell(4)
    >>> output, state = cell(np.zeros((2, 3), "float32"), cell.zero_state(2))
    >>> tuple(output.shape)
    (2, 4)
    """

    num_parts = 3

    def __init__(
        self,
        units: int,
        activation=None,
        gate_bias: float = 1.0,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(units, gate_bias, kernel_initializer, **kwargs)
        self.activation = keras.activations.get(activation)

    def gate_and_candidate(self, parts):
        f, i, candidate = parts
        return ops.log_sigmoid(f) - ops.log_sigmoid(i), self.activation(candidate)

    def get_config(self):
        activation = keras.activations.serialize(self.activation)
        return {**super().get_config(), "activation": activation}
