"""A plain recurrent step for `recur`."""

from typing import Any

import tensorflow as tf

from zoo.recurrence.fast_loop import StepMath, Tensors, column_sums


class SimpleRNNSteps(StepMath):
    """h' = f(x W + h U + b), with f the hyperbolic tangent, the rectifier or nothing.

    Args:
        activation: "tanh", "relu" or "linear".
    """

    kept_widths = (1,)
    delta_widths = (1,)

    def __init__(self, activation: str):
        self.activation = activation

    def feed(self, inputs: tf.Tensor, weights: Tensors) -> tf.Tensor:
        return tf.nn.bias_add(tf.matmul(inputs, weights[0]), weights[2])

    def prepare(self, weights: Tensors) -> Any:
        return weights[1]

    def forward(self, fed: tf.Tensor, states: Tensors, ready: Any) -> tuple[Tensors, Tensors]:
        h = tf.matmul(states[0], ready) + fed
        if self.activation != "linear":
            h = tf.tanh(h) if self.activation == "tanh" else tf.nn.relu(h)
        return (h,), (h,)

    def prepare_backward(self, weights: Tensors) -> Any:
        return tf.transpose(weights[1])

    def backward(
        self, kept: Tensors, states: Tensors, gradients: Tensors, ready: Any
    ) -> tuple[Tensors, Tensors]:
        (h,), (delta,) = kept, gradients
        if self.activation == "tanh":
            delta = tf.raw_ops.TanhGrad(y=h, dy=delta)
        elif self.activation == "relu":
            delta = tf.raw_ops.ReluGrad(gradients=delta, features=h)
        return (delta,), (tf.matmul(delta, ready),)

    def gradients(
        self, inputs: tf.Tensor, states: tf.Tensor, deltas: Tensors, weights: Tensors
    ) -> tuple[tf.Tensor, Tensors]:
        (delta,) = deltas
        return tf.matmul(delta, weights[0], transpose_b=True), (
            tf.matmul(inputs, delta, transpose_a=True),
            tf.matmul(states, delta, transpose_a=True),
            column_sums(delta),
        )


SIMPLE_RNN_STEPS = {name: SimpleRNNSteps(name) for name in ("tanh", "relu", "linear")}
