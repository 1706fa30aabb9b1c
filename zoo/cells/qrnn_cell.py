"""The quasi-recurrent cell."""

from typing import Any

import keras
from keras import ops

from zoo.cells import settings
from zoo.cells.gated_average_cell import GatedAverageCell


@keras.saving.register_keras_serializable(package="zoo")
class QRNNCell(GatedAverageCell):
    """One step of a quasi-recurrent network with fo-pooling (Bradbury et al. 2017, 1611.01576).

    With `f, o, z` a convolution over the last `window` inputs, those before the first being zero::

        f, o, z = split(x_t kernel[0] + x_{t-1} kernel[1] + ... + bias)
        c_t = sigmoid(f) * c_{t-1} + (1 - sigmoid(f)) * tanh(z)
        h_t = sigmoid(o) * c_t

    What earlier inputs give to later steps is carried in the state as products, not as inputs, so
    that the state's size does not hang on the number of features.

    Args:
        units: The size of c and of the output.
        window: How many inputs a step sees; the paper has 2 for words and 6 for characters.
        gate_bias: How the bias of f starts. At 1 a fresh cell keeps 73 % of its state a step.
        kernel_initializer: How the kernel starts.
        **kwargs: Keras's `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: `(batch, features)`.
        states: `(c, ahead)`: `(batch, units)`, and `(batch, (window - 1) * 3 * units)`, what the
            inputs so far give to the products of each of the next steps; c alone where `window`
            is 1.

    Returns:
        The output h, `(batch, units)`, and the next states.

    Raises:
        InputError: For `units` or a `window` that is not a positive integer, a `gate_bias` that is
            no number; for inputs or states of another shape or dtype.

    Example:

    >>> cell = QRNNCell(4)
    >>> output, (c, ahead) = cell(np.zeros((2, 3), "float32"), cell.zero_state(2))
    >>> tuple(output.shape), tuple(ahead.shape)
    ((2, 4), (2, 12))
    """

    num_parts = 3

    def __init__(
        self,
        units: int,
        window: int = 2,
        gate_bias: float = 1.0,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(units, gate_bias, kernel_initializer, **kwargs)
        self.window = settings.positive_integer(type(self).__name__, "window", window)

    @property
    def state_size(self) -> Any:
        if self.window == 1:
            return self.units
        return self.units, (self.window - 1) * self.num_parts * self.units

    def build(self, input_shape):
        features = self.keep_input_features(input_shape)
        width = self.num_parts * self.units
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.window, features, width),
            initializer=self.kernel_initializer,
        )
        self.bias = self.add_weight(name="bias", shape=(width,), initializer=self._first_bias)

    def call(self, inputs, states, training=None):
        c, ahead = (states, None) if self.window == 1 else states
        projected = ops.matmul(inputs, self.kernel[0]) + self.full_bias()
        if ahead is not None:
            projected = projected + ahead[:, : self.num_parts * self.units]
        parts = ops.split(projected, self.num_parts, axis=-1)
        output, c = self.one_step(parts, inputs, c)
        return output, c if ahead is None else (c, self.look_ahead(inputs, ahead))

    def look_ahead(self, inputs, ahead):
        """Moves what is carried one step on, and adds what the inputs give to later steps."""
        given = [ops.matmul(inputs, self.kernel[place]) for place in range(1, self.window)]
        moved = ahead[:, self.num_parts * self.units :]
        kept = ops.concatenate([moved, ops.zeros_like(given[0])], axis=-1)
        return kept + ops.concatenate(given, axis=-1)

    def gate_and_candidate(self, parts):
        return parts[0], ops.tanh(parts[2])

    def to_output(self, state, previous, parts, inputs):
        return ops.sigmoid(parts[1]) * state

    def get_config(self):
        return {**super().get_config(), "window": self.window}
