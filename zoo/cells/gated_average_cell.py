"""What cells share whose gate and candidate come from the inputs alone."""

from typing import Any

import keras
from keras import ops

from zoo.cells import settings
from zoo.cells.rnn_cell import RNNCell


class GatedAverageCell(RNNCell):
    """A cell whose state is a running average of candidates, weighed by a gate.

    With a gate and a candidate made from x_t::

        f_t = sigmoid(gate_t)                               (+ v * c_{t-1} in it, in an SRU)
        c_t = f_t * c_{t-1} + (1 - f_t) * candidate_t

    No product waits for the step before, so a layer takes the products of all steps as one; only
    the line of c_t runs over time. The state stays between the least and the greatest candidate,
    however long the sequence is.

    A subclass says `num_parts` and `gate_and_candidate`, and `to_output` where an output is more
    than the state. They take `(batch, any)` and, in a layer, `(time, batch, any)` alike.

    Args:
        units: The size of the state and of the output.
        gate_bias: How the gate's bias starts. At 1 a fresh cell keeps 73 % of its state a step.
        kernel_initializer: How the kernel starts.
        **kwargs: Keras's `name`, `dtype`, `trainable`.
    """

    # Weights v of a gate that also sees the state; None where it sees the inputs alone.
    peephole = None

    def __init__(
        self, units: int, gate_bias: float = 1.0, kernel_initializer="glorot_uniform", **kwargs
    ):
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.units = settings.positive_integer(owner, "units", units)
        self.gate_bias = settings.finite_number(owner, "gate_bias", gate_bias)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    @property
    def state_size(self) -> Any:
        return self.units

    @property
    def output_size(self) -> int:
        return self.units

    @property
    def num_parts(self) -> int:
        """How many parts of `units` features the inputs' product has; the gate is the first."""
        raise NotImplementedError

    def gate_and_candidate(self, parts: list) -> tuple:
        """Turns the parts into the gate before its sigmoid, and the candidate."""
        raise NotImplementedError

    def to_output(self, state, previous, parts: list, inputs):
        """Turns the state, and what the step started from, into the output."""
        return state

    def build(self, input_shape):
        features = self.keep_input_features(input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(features, self.num_parts * self.units),
            initializer=self.kernel_initializer,
        )
        self.bias = self.add_weight(
            name="bias", shape=(self.num_parts * self.units,), initializer=self._first_bias
        )

    def call(self, inputs, states, training=None):
        projected = ops.matmul(inputs, self.kernel) + self.full_bias()
        return self.one_step(ops.split(projected, self.num_parts, axis=-1), inputs, states)

    def full_bias(self):
        """The bias of every part."""
        return ops.convert_to_tensor(self.bias)

    def one_step(self, parts: list, inputs, state) -> tuple:
        """Takes the step whose products are ready; returns output and state."""
        gate, candidate = self.gate_and_candidate(parts)
        if self.peephole is not None:
            gate = gate + self.peephole * state
        keep = ops.sigmoid(gate)
        following = keep * state + (1 - keep) * candidate
        return self.to_output(following, state, parts, inputs), following

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "gate_bias": self.gate_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }

    def _first_bias(self, shape, dtype=None):
        gate = ops.full((self.units,), self.gate_bias, dtype=dtype)
        return ops.concatenate([gate, ops.zeros((shape[0] - self.units,), dtype=dtype)])
