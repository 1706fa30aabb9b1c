"""The classic recurrent cell."""

from typing import Any

import keras
from keras import ops

from zoo.cells import settings
from zoo.cells.rnn_cell import RNNCell


@keras.saving.register_keras_serializable(package="zoo")
class BasicRNNCell(RNNCell):
    """The most basic recurrent cell, TensorFlow's `BasicRNNCell`.

    `h_t = activation(U x_t + W h_{t-1} + b)`, and the output is `h_t` itself: the `y_t` of the
    textbooks, `softmax(V h_t + c)`, is one more transform (see `OutputProjectionWrapper`).

    The weights are TensorFlow's: `kernel`, `(features + num_units, num_units)`, holds U above W,
    and `bias`, `(num_units,)`, is b.

    Args:
        num_units: The size of the state and of the output.
        activation: A Keras activation; None is tanh, as in TensorFlow.
        reuse: What TensorFlow 1 had for sharing weights by name. None and False are ignored;
            anything else is refused: give the same cell object instead.
        name: The name of the cell.
        dtype: Keras's dtype or dtype policy: "float32", "mixed_float16".
        kernel_initializer: How `kernel` starts.
        bias_initializer: How `bias` starts.
        **kwargs: Keras's `trainable`.

    Call arguments:
        inputs: `(batch, features)`.
        states: `(batch, num_units)`.

    Returns:
        `(output, next_state)`, the same tensor twice, `(batch, num_units)`.

    Raises:
        InputError: For a `num_units` that is not a positive integer; for inputs or states of
            another shape or dtype.

    Example:

    >>> cell = BasicRNNCell(128)
    >>> output, state = cell(np.zeros((32, 100), "float32"), cell.zero_state(32))
    >>> cell.state_size, tuple(state.shape)
    (128, (32, 128))
    """

    def __init__(
        self,
        num_units: int,
        activation=None,
        reuse: bool | None = None,
        name: str | None = None,
        dtype: Any = None,
        *,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(name=name, dtype=dtype, **kwargs)
        settings.no_reuse(type(self).__name__, reuse)
        self.num_units = settings.positive_integer(type(self).__name__, "num_units", num_units)
        self.activation = keras.activations.get(activation or "tanh")
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    @property
    def state_size(self) -> int:
        return self.num_units

    @property
    def output_size(self) -> int:
        return self.num_units

    def build(self, input_shape):
        features = self.keep_input_features(input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(features + self.num_units, self.num_units),
            initializer=self.kernel_initializer,
        )
        self.bias = self.add_weight(
            name="bias", shape=(self.num_units,), initializer=self.bias_initializer
        )

    def call(self, inputs, states, training=None):
        joined = ops.concatenate([inputs, states], axis=1)
        output = self.activation(ops.matmul(joined, self.kernel) + self.bias)
        return output, output

    def get_config(self):
        return {
            **super().get_config(),
            "num_units": self.num_units,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
