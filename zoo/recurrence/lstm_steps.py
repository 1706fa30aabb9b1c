"""An LSTM's step for `recur`."""

from typing import Any

import tensorflow as tf

from zoo.recurrence.fast_loop import StepMath, Tensors, column_sums


class LSTMSteps(StepMath):
    """Keras's LSTM, gates in the order i, f, g, o; weights are kernel, recurrent kernel, bias.

    The logistic function is taken as (1 + tanh(z / 2)) / 2 with the half folded into the weights,
    so that one product, its bias and one tanh over all four gates make a step; TensorFlow fuses
    the three on a CPU.
    """

    num_kept = 5
    delta_widths = (4,)

    def feed(self, inputs: tf.Tensor, weights: Tensors) -> tf.Tensor:
        return inputs

    def prepare(self, weights: Tensors) -> Any:
        kernel, recurrent, bias = weights
        return _halve_gates(tf.concat([kernel, recurrent], axis=0)), _halve_gates(bias)

    def forward(self, fed: tf.Tensor, states: Tensors, ready: Any) -> tuple[Tensors, Tensors]:
        h, c = states
        kernel, bias = ready
        gates = tf.tanh(tf.nn.bias_add(tf.matmul(tf.concat([fed, h], axis=1), kernel), bias))
        i, f, g, o = tf.split(gates, 4, axis=1)
        i, f, o = i * 0.5 + 0.5, f * 0.5 + 0.5, o * 0.5 + 0.5
        c = f * c + i * g
        squashed = tf.tanh(c)
        return (o * squashed, c), (i, f, g, o, squashed)

    def prepare_backward(self, weights: Tensors) -> Any:
        # A product with the transpose taken once is about three times as fast as `transpose_b`.
        return tf.transpose(weights[1])

    def backward(
        self, kept: Tensors, states: Tensors, gradients: Tensors, ready: Any
    ) -> tuple[Tensors, Tensors]:
        i, f, g, o, squashed = kept
        dh, dc = gradients
        dc += tf.raw_ops.TanhGrad(y=squashed, dy=dh * o)
        delta = tf.concat(
            [
                tf.raw_ops.SigmoidGrad(y=i, dy=dc * g),
                tf.raw_ops.SigmoidGrad(y=f, dy=dc * states[1]),
                tf.raw_ops.TanhGrad(y=g, dy=dc * i),
                tf.raw_ops.SigmoidGrad(y=o, dy=dh * squashed),
            ],
            axis=1,
        )
        return (delta,), (tf.matmul(delta, ready), dc * f)

    def gradients(
        self, inputs: tf.Tensor, states: tf.Tensor, deltas: Tensors, weights: Tensors
    ) -> tuple[tf.Tensor, Tensors]:
        (delta,) = deltas
        return tf.matmul(delta, weights[0], transpose_b=True), (
            tf.matmul(inputs, delta, transpose_a=True),
            tf.matmul(states, delta, transpose_a=True),
            column_sums(delta),
        )


def _halve_gates(weights: tf.Tensor) -> tf.Tensor:
    i, f, g, o = tf.split(weights, 4, axis=-1)
    return tf.concat([i * 0.5, f * 0.5, g, o * 0.5], axis=-1)


LSTM_STEPS = LSTMSteps()
