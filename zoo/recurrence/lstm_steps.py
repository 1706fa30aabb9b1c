"""An LSTM's step for `recur`."""

from typing import Any

import tensorflow as tf

from zoo.recurrence.fast_loop import StepMath, Tensors, column_sums


class LSTMSteps(StepMath):
    """Keras's LSTM, gates in the order i, f, g, o; weights are kernel, recurrent kernel, bias.

    In the loop the order is i, f, o, g, so that the three logistic gates are one op.
    """

    kept_widths = (3, 1, 1)
    delta_widths = (4,)

    def feed(self, inputs: tf.Tensor, weights: Tensors) -> tf.Tensor:
        return tf.nn.bias_add(tf.matmul(inputs, _g_last(weights[0])), _g_last(weights[2]))

    def prepare(self, weights: Tensors) -> Any:
        return _g_last(weights[1])

    def forward(self, fed: tf.Tensor, states: Tensors, ready: Any) -> tuple[Tensors, Tensors]:
        h, c = states
        units = h.shape[-1]
        gates, g = tf.split(tf.matmul(h, ready) + fed, [3 * units, units], axis=1)
        gates, g = tf.sigmoid(gates), tf.tanh(g)
        i, f, o = tf.split(gates, 3, axis=1)
        c = f * c + i * g
        squashed = tf.tanh(c)
        return (o * squashed, c), (gates, g, squashed)

    def prepare_backward(self, weights: Tensors) -> Any:
        # A product with the transpose taken once is about three times as fast as `transpose_b`.
        return tf.transpose(weights[1])

    def backward(
        self, kept: Tensors, states: Tensors, gradients: Tensors, ready: Any
    ) -> tuple[Tensors, Tensors]:
        gates, g, squashed = kept
        i, f, o = tf.split(gates, 3, axis=1)
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


def _g_last(weights: tf.Tensor) -> tf.Tensor:
    i, f, g, o = tf.split(weights, 4, axis=-1)
    return tf.concat([i, f, o, g], axis=-1)


LSTM_STEPS = LSTMSteps()
