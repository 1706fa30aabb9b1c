"""The simple recurrent unit."""

import math

import keras
from keras import ops

from zoo.cells import settings
from zoo.cells.gated_average_cell import GatedAverageCell


@keras.saving.register_keras_serializable(package="zoo")
class SRUCell(GatedAverageCell):
    """The simple recurrent unit (Lei et al. 2018, arXiv:1709.02755v5).

    With `f, r, candidate = split(x_t kernel)`, v_f and v_r the two rows of `peephole_kernel`::

        f = sigmoid(f + v_f * c_{t-1} + b_f)
        r = sigmoid(r + v_r * c_{t-1} + b_r)
        c_t = f * c_{t-1} + (1 - f) * candidate
        h_t = r * c_t + (1 - r) * x_t * sqrt(1 + 2 exp(highway_bias))

    Where inputs are not `units` wide, a fourth part of the product takes the place of x_t, without
    the root, as in the authors' code.

    Args:
        units: The size of the state and of the output.
        gate_bias: How b_f starts. At 1 a fresh cell keeps 73 % of its state a step.
        highway_bias: How b_r starts; it sets the scale of x_t too.
        kernel_initializer: How the kernel starts; None is the paper's choice, a variance of 1 over
            the number of features.
        **kwargs: Keras's `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: `(batch, features)`.
        states: c, `(batch, units)`.

    Returns:
        The output h and the next state c, both `(batch, units)`.

    Raises:
        InputError: For `units` that are not a positive integer, a bias that is no number; for
            inputs or states of another shape or dtype.

    Example:

    >>> cell = SRUCell(4)
    >>> output, state = cell(np.zeros((2, 3), "float32"), cell.zero_state(2))
    >>> tuple(output.shape)
    (2, 4)
    """

    def __init__(
        self,
        units: int,
        gate_bias: float = 1.0,
        highway_bias: float = 0.0,
        kernel_initializer=None,
        **kwargs,
    ):
        super().__init__(units, gate_bias, kernel_initializer or "lecun_uniform", **kwargs)
        owner = type(self).__name__
        self.highway_bias = settings.finite_number(owner, "highway_bias", highway_bias)

    @property
    def num_parts(self) -> int:
        return 3 if self.input_features == self.units else 4

    @property
    def peephole(self):
        """v_f, `(units,)`."""
        return ops.convert_to_tensor(self.peephole_kernel)[0]

    def build(self, input_shape):
        features = self.keep_input_features(input_shape)
        units = self.units
        self.kernel = self.add_weight(
            name="kernel",
            shape=(features, self.num_parts * units),
            initializer=self.kernel_initializer,
        )
        # The range of a kernel of one row: one number comes in.
        self.peephole_kernel = self.add_weight(
            name="peephole_kernel",
            shape=(2, units),
            initializer=keras.initializers.RandomUniform(-math.sqrt(3), math.sqrt(3)),
        )
        self.bias = self.add_weight(
            name="bias",
            shape=(2 * units,),
            initializer=lambda shape, dtype=None: ops.concatenate(
                [ops.full((units,), each, dtype) for each in (self.gate_bias, self.highway_bias)]
            ),
        )

    def full_bias(self):
        bias = ops.convert_to_tensor(self.bias)
        rest = ops.zeros(((self.num_parts - 2) * self.units,), dtype=bias.dtype)
        return ops.concatenate([bias, rest])

    def gate_and_candidate(self, parts):
        return parts[0], parts[2]

    def to_output(self, state, previous, parts, inputs):
        r = ops.sigmoid(parts[1] + ops.convert_to_tensor(self.peephole_kernel)[1] * previous)
        if len(parts) == 4:
            beside = parts[3]
        else:
            beside = inputs * math.sqrt(1 + 2 * math.exp(self.highway_bias))
        return beside + r * (state - beside)

    def get_config(self):
        return {**super().get_config(), "highway_bias": self.highway_bias}
