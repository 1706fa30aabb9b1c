"""The minimal long short-term memory layer."""

import keras

from zoo.cells import MinLSTMCell
from zoo.recurrence.gated_average_layer import GatedAverageLayer


@keras.saving.register_keras_serializable(package="zoo")
class MinLSTM(GatedAverageLayer):
    """`MinLSTMCell` over time: h_t = (f_t ⊙ h_{t-1} + i_t ⊙ (W x_t + b)) / (f_t + i_t).

    Feng et al. 2024, arXiv:2410.01201; f_t and i_t are sigmoids of products of x_t. Products of all
    steps are one; two elementwise ops a step run over time.

    Args:
        units: Width of the output and of the state.
        activation: Activation of the candidate; None, as in the paper, is none.
        gate_bias: How the bias of f starts. At 1 a fresh layer keeps 59 % of its state a step.
        kernel_initializer: How the kernel starts.
        **options: options of `keras.layers.RNN`: `return_sequences`, `return_state`,
            `go_backwards`, `zero_output_for_mask`, `name`, `dtype`.

    Called, returning and raising as `MinGRU`.

    Example:

    >>> layer = MinLSTM(8, return_sequences=True)
    >>> layer(tf.ones([2, 5, 3]), sequence_length=tf.constant([5, 2])).shape
    TensorShape([2, 5, 8])
    """

    def __init__(
        self,
        units: int,
        activation=None,
        gate_bias: float = 1.0,
        kernel_initializer="glorot_uniform",
        **options,
    ):
        dtype = options.get("dtype")
        cell = MinLSTMCell(units, activation, gate_bias, kernel_initializer, dtype=dtype)
        super().__init__(cell, **options)
