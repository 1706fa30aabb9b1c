"""The layer of simple recurrent units."""

import keras

from zoo.cells import SRUCell
from zoo.recurrence.gated_average_layer import GatedAverageLayer


@keras.saving.register_keras_serializable(package="zoo")
class SRU(GatedAverageLayer):
    """`SRUCell` over time (Lei et al. 2018, arXiv:1709.02755v5).

    c_t = f_t ⊙ c_{t-1} + (1 - f_t) ⊙ W x_t and h_t = r_t ⊙ c_t + (1 - r_t) ⊙ α x_t, where both
    gates see x_t and, unit by unit, c_{t-1}. Products of all steps are one; six elementwise ops a
    step run over time, and two on the way back.

    Args:
        units: Width of the output and of the state. Where it is the inputs' width too, the inputs
            themselves go past the recurrence; else a product of them does.
        gate_bias: How f's bias starts. At 1 a fresh layer keeps about 73 % of its state a step.
        highway_bias: How r's bias starts; it sets α, the root of 1 + 2 exp(highway_bias).
        kernel_initializer: How the kernel starts; None is the paper's choice.
        **options: options of `keras.layers.RNN`: `return_sequences`, `return_state`,
            `go_backwards`, `zero_output_for_mask`, `name`, `dtype`.

    Called, returning and raising as `MinGRU`; the state is c.

    Example:

    >>> layer = SRU(8, return_sequences=True)
    >>> layer(tf.ones([2, 5, 3]), sequence_length=tf.constant([5, 2])).shape
    TensorShape([2, 5, 8])
    """

    def __init__(
        self,
        units: int,
        gate_bias: float = 1.0,
        highway_bias: float = 0.0,
        kernel_initializer=None,
        **options,
    ):
        dtype = options.get("dtype")
        cell = SRUCell(units, gate_bias, highway_bias, kernel_initializer, dtype=dtype)
        super().__init__(cell, **options)
