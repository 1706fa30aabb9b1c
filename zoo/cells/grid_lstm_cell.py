"""The LSTM cell of two dimensions: a state from above and one from the left."""

from typing import Any

import keras
import tensorflow as tf

from zoo.cells import settings
from zoo.cells.direct_call import DirectCall
from zoo.cells.lstm_state_tuple import LSTMStateTuple


@keras.saving.register_keras_serializable(package="zoo")
class GridLSTMCell(DirectCall, keras.layers.Layer):
    """An LSTM whose state comes from two neighbours, each by a forget gate of its own.

    Graves, Fernandez and Schmidhuber 2007, "Multi-dimensional recurrent neural networks", without
    peepholes: with `i, j, f_u, f_l, o = split(x kernel + h_u above_kernel + h_l left_kernel +
    bias)`, u the neighbour above and l the one on the left::

        c = sigmoid(f_u + forget_bias) * c_u + sigmoid(f_l + forget_bias) * c_l
            + sigmoid(i) * tanh(j)
        h = sigmoid(o) * tanh(c)

    What two neighbours remember is added up: with both gates open c doubles at every step. The
    forget bias is therefore 0, at which the gates share.

    Args:
        units: Width of c and of h.
        forget_bias: Added to both forget gates; it is not part of `bias`. Defaults to 0.
        **kwargs: Keras's `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: [..., features].
        above, left: `LSTMStateTuple(c, h)` of [..., units].

    Returns:
        The state, an `LSTMStateTuple`; its h is the output.

    Raises:
        InputError: units that are not a positive integer.

    Example:

    >>> zeros = LSTMStateTuple(tf.zeros([2, 4]), tf.zeros([2, 4]))
    >>> GridLSTMCell(4)(tf.ones([2, 3]), zeros, zeros).h.shape
    TensorShape([2, 4])
    """

    def __init__(self, units: int, forget_bias: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.units = settings.positive_integer("GridLSTMCell", "units", units)
        self.forget_bias = forget_bias

    def build(self, inputs_shape, above_shape=None, left_shape=None):
        wide = 5 * self.units
        self.kernel = self.add_weight(
            name="kernel", shape=(inputs_shape[-1], wide), initializer="glorot_uniform"
        )
        self.above_kernel, self.left_kernel = (
            self.add_weight(name=name, shape=(self.units, wide), initializer="orthogonal")
            for name in ("above_kernel", "left_kernel")
        )
        self.bias = self.add_weight(name="bias", shape=(wide,), initializer="zeros")

    def call(self, inputs: Any, above: LSTMStateTuple, left: LSTMStateTuple) -> LSTMStateTuple:
        return self.advance(self.project(inputs), above, left)

    def project(self, inputs: Any) -> tf.Tensor:
        """Returns what the gates take of the inputs, [..., 5 * units]: for all places at once."""
        inputs = tf.cast(inputs, self.compute_dtype)
        return _times(inputs, self.kernel) + tf.cast(self.bias, inputs.dtype)

    def advance(self, projected: Any, above: LSTMStateTuple, left: LSTMStateTuple):
        """Returns the state, given `project` of the inputs."""
        gates = projected + _times(above.h, self.above_kernel) + _times(left.h, self.left_kernel)
        i, j, f_above, f_left, o = tf.split(gates, 5, -1)
        c = (
            tf.sigmoid(f_above + self.forget_bias) * above.c
            + tf.sigmoid(f_left + self.forget_bias) * left.c
            + tf.sigmoid(i) * tf.tanh(j)
        )
        return LSTMStateTuple(c, tf.sigmoid(o) * tf.tanh(c))

    def get_config(self):
        return {**super().get_config(), "units": self.units, "forget_bias": self.forget_bias}


def _times(values, kernel):
    return tf.tensordot(values, tf.cast(kernel, values.dtype), 1)
