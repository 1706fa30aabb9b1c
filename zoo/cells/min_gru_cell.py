"""The minimal gated recurrent unit."""

import keras

from zoo.cells.gated_average_cell import GatedAverageCell


@keras.saving.register_keras_serializable(package="zoo")
class MinGRUCell(GatedAverageCell):
    """A GRU without its state in the gates (Feng et al. 2024, arXiv:2410.01201, "minGRU").

    With `f, candidate = split(x_t kernel + bias)`::

        h_t = sigmoid(f) * h_{t-1} + (1 - sigmoid(f)) * activation(candidate)

    The paper writes z for 1 - sigmoid(f): the kernel and the bias of its z have the other sign.

    Args:
        units: The size of the state and of the output.
        activation: A Keras activation of the candidate; None is none, as in the paper.
        gate_bias: How the gate's bias starts. At 1 a fresh cell keeps 73 % of its state a step.
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

    >>> cell = MinGRUCell(4)
    >>> output, state = cell(np.zeros((2, 3), "float32"), cell.zero_state(2))
    >>> tuple(output.shape)
    (2, 4)
    """

    num_parts = 2

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
        gate, candidate = parts
        return gate, self.activation(candidate)

    def get_config(self):
        activation = keras.activations.serialize(self.activation)
        return {**super().get_config(), "activation": activation}
