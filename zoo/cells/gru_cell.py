"""The gated recurrent unit, in TensorFlow's convention."""

from typing import Any

import keras
from keras import ops

from zoo.cells import settings
from zoo.cells.rnn_cell import RNNCell


@keras.saving.register_keras_serializable(package="zoo")
class GRUCell(RNNCell):
    """A GRU with either reset variant, TensorFlow's `GRUCell` (Cho et al. 2014, arXiv:1406.1078).

    With the gates `r, u = sigmoid(split([x_t, h_{t-1}] gate_kernel + gate_bias))`::

        candidate = activation([x_t, r * h_{t-1}] candidate_kernel + candidate_bias)
        h_t = u * h_{t-1} + (1 - u) * candidate

    That is `reset_after=False`, where the reset gate acts before the product, as in the paper and
    in TensorFlow's `GRUCell`. With `reset_after=True` it acts after the product, as in cuDNN, in
    TensorFlow's `CudnnCompatibleGRUCell` and in Keras's default::

        candidate = activation(x_t input_kernel + input_bias
                               + r * (h_{t-1} hidden_kernel + hidden_bias))

    TensorFlow orders its gates r, u and joins input and state in one kernel; Keras orders them
    z (which is u), r, h in two kernels. `zoo.cells.to_keras` converts either variant. Some papers
    swap the roles of u and 1 - u; TensorFlow and Keras agree with each other.

    Args:
        num_units: The size of the state and of the output.
        activation: A Keras activation; None is tanh, as in TensorFlow.
        reuse: What TensorFlow 1 had for sharing weights by name. None and False are ignored;
            anything else is refused: give the same cell object instead.
        kernel_initializer: How every kernel starts; None is Glorot's uniform.
        bias_initializer: How every bias starts. None is TensorFlow's choice: ones for the gates,
            so that a fresh cell leans to keeping its state, and zeros for the candidate.
        name: The name of the cell.
        dtype: Keras's dtype or dtype policy: "float32", "mixed_float16".
        reset_after: Which variant, as above.
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

    >>> cell = GRUCell(4)
    >>> output, state = cell(np.zeros((2, 3), "float32"), cell.zero_state(2))
    >>> tuple(output.shape)
    (2, 4)
    """

    def __init__(
        self,
        num_units: int,
        activation=None,
        reuse: bool | None = None,
        kernel_initializer=None,
        bias_initializer=None,
        name: str | None = None,
        dtype: Any = None,
        *,
        reset_after: bool = False,
        **kwargs,
    ):
        super().__init__(name=name, dtype=dtype, **kwargs)
        settings.no_reuse(type(self).__name__, reuse)
        self.num_units = settings.positive_integer(type(self).__name__, "num_units", num_units)
        self.activation = keras.activations.get(activation or "tanh")
        self.reset_after = reset_after
        self.kernel_initializer = keras.initializers.get(kernel_initializer or "glorot_uniform")
        self.bias_initializer = keras.initializers.get(bias_initializer)

    @property
    def state_size(self) -> int:
        return self.num_units

    @property
    def output_size(self) -> int:
        return self.num_units

    def build(self, input_shape):
        features, units = self.keep_input_features(input_shape), self.num_units
        self.gate_kernel = self._add_kernel("gate_kernel", (features + units, 2 * units))
        self.gate_bias = self._add_bias("gate_bias", 2 * units, "ones")
        if self.reset_after:
            self.input_kernel = self._add_kernel("input_kernel", (features, units))
            self.input_bias = self._add_bias("input_bias", units, "zeros")
            self.hidden_kernel = self._add_kernel("hidden_kernel", (units, units))
            self.hidden_bias = self._add_bias("hidden_bias", units, "zeros")
        else:
            self.candidate_kernel = self._add_kernel("candidate_kernel", (features + units, units))
            self.candidate_bias = self._add_bias("candidate_bias", units, "zeros")

    def call(self, inputs, states, training=None):
        joined = ops.concatenate([inputs, states], axis=1)
        gates = ops.sigmoid(ops.matmul(joined, self.gate_kernel) + self.gate_bias)
        r, u = ops.split(gates, 2, axis=1)
        if self.reset_after:
            hidden = ops.matmul(states, self.hidden_kernel) + self.hidden_bias
            candidate = ops.matmul(inputs, self.input_kernel) + self.input_bias + r * hidden
        else:
            joined = ops.concatenate([inputs, r * states], axis=1)
            candidate = ops.matmul(joined, self.candidate_kernel) + self.candidate_bias
        output = u * states + (1 - u) * self.activation(candidate)
        return output, output

    def get_config(self):
        return {
            **super().get_config(),
            "num_units": self.num_units,
            "activation": keras.activations.serialize(self.activation),
            "reset_after": self.reset_after,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": self.bias_initializer
            and keras.initializers.serialize(self.bias_initializer),
        }

    def _add_kernel(self, name, shape):
        # An initializer without a seed draws anew for every weight; with one it must be cloned.
        initializer = self.kernel_initializer.clone()
        return self.add_weight(name=name, shape=shape, initializer=initializer)

    def _add_bias(self, name, size, default):
        return self.add_weight(
            name=name, shape=(size,), initializer=self.bias_initializer or default
        )
