"""The plain LSTM cell, as TensorFlow had it."""

import warnings
from typing import Any

import keras
from keras import ops

from zoo.cells import settings
from zoo.cells.lstm_state_tuple import LSTMStateTuple
from zoo.cells.rnn_cell import RNNCell


@keras.saving.register_keras_serializable(package="zoo")
class BasicLSTMCell(RNNCell):
    """An LSTM without peepholes, clipping or projection, TensorFlow's `BasicLSTMCell`.

    With `i, j, f, o = split([x_t, h_{t-1}] kernel + bias)`, in this order (Zaremba, Sutskever and
    Vinyals 2014, arXiv:1409.2329, who follow Hochreiter and Schmidhuber 1997)::

        c_t = sigmoid(f + forget_bias) * c_{t-1} + sigmoid(i) * activation(j)
        h_t = sigmoid(o) * activation(c_t)

    The output is `h_t`. Keras's `LSTMCell` has the gate order i, f, c, o, keeps the forget bias in
    its bias vector, and carries `[h, c]`; `zoo.cells.to_keras` converts.

    Args:
        num_units: The size of `c` and `h`.
        forget_bias: Added to the forget gate at every step; it is not part of `bias`.
        state_is_tuple: False is the state of the first TensorFlow versions, `(batch,
            2 * num_units)` with c before h. It is deprecated and kept for old code.
        activation: A Keras activation; None is tanh, as in TensorFlow.
        reuse: What TensorFlow 1 had for sharing weights by name. None and False are ignored;
            anything else is refused: give the same cell object instead.
        name: The name of the cell.
        dtype: Keras's dtype or dtype policy: "float32", "mixed_float16".
        kernel_initializer: How `kernel`, `(features + num_units, 4 * num_units)`, starts.
        bias_initializer: How `bias`, `(4 * num_units,)`, starts.
        **kwargs: Keras's `trainable`.

    Call arguments:
        inputs: `(batch, features)`.
        states: `LSTMStateTuple(c, h)`, each `(batch, num_units)`.

    Returns:
        `(h, LSTMStateTuple(c, h))`.

    Raises:
        InputError: For a `num_units` that is not a positive integer; for inputs or states of
            another shape, structure or dtype.

    Example:

    >>> cell = BasicLSTMCell(128)
    >>> output, state = cell(np.zeros((32, 100), "float32"), cell.zero_state(32))
    >>> tuple(state.h.shape), tuple(state.c.shape)
    ((32, 128), (32, 128))
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
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
        self.forget_bias = float(forget_bias)
        self.state_is_tuple = state_is_tuple
        self.activation = keras.activations.get(activation or "tanh")
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        if not state_is_tuple:
            warn_of_concatenated_state(type(self).__name__)

    @property
    def state_size(self) -> Any:
        if self.state_is_tuple:
            return LSTMStateTuple(self.num_units, self.num_units)
        return 2 * self.num_units

    @property
    def output_size(self) -> int:
        return self.num_units

    def build(self, input_shape):
        features = self.keep_input_features(input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(features + self.num_units, 4 * self.num_units),
            initializer=self.kernel_initializer,
        )
        self.bias = self.add_weight(
            name="bias", shape=(4 * self.num_units,), initializer=self.bias_initializer
        )

    def call(self, inputs, states, training=None):
        c, h = states if self.state_is_tuple else ops.split(states, 2, axis=1)
        joined = ops.concatenate([inputs, h], axis=1)
        i, j, f, o = ops.split(ops.matmul(joined, self.kernel) + self.bias, 4, axis=1)
        c = ops.sigmoid(f + self.forget_bias) * c + ops.sigmoid(i) * self.activation(j)
        h = ops.sigmoid(o) * self.activation(c)
        state = LSTMStateTuple(c, h) if self.state_is_tuple else ops.concatenate([c, h], axis=1)
        return h, state

    def get_config(self):
        return {
            **super().get_config(),
            "num_units": self.num_units,
            "forget_bias": self.forget_bias,
            "state_is_tuple": self.state_is_tuple,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }


def warn_of_concatenated_state(owner: str) -> None:
    """Says that `state_is_tuple=False` is on its way out, as TensorFlow said."""
    warnings.warn(
        f"{owner}(state_is_tuple=False) joins the state into one tensor, which is slower and "
        "deprecated: leave state_is_tuple out, and take the parts of the state by name",
        DeprecationWarning,
        stacklevel=3,
    )
