"""A plain recurrent step for `recur`."""

from typing import Any

import tensorflow as tf

from zoo.recurrence.fast_loop import StepMath, Tensors, column_sums


class SimpleRNNSteps(StepMath):
    """h' = f(x W + h U + b), with f the hyperbolic tangent, the rectifier or nothing.

    Args:
        activation: "tanh", "relu" or "linear".
    """

    num_kept = 1
    delta_widths = (1,)

    def __init__(self, activation: str):
        self.activation = activation

    def feed(self, inputs: tf.Tensor, weights: Tensors) -> tf.Tensor:
        return inputs

    def prepare(self, weights: Tensors) -> Any:
        kernel, recurrent, bias = weights
        return tf.concat([kernel, recurrent], axis=0), bias

    def forward(self, fed: tf.Tensor, states: Tensors, ready: Any) -> tuple[Tensors, Tensors]:
        kernel, bias = ready
        h = tf.nn.bias_add(tf.matmul(tf.concat([fed, states[0]], axis=1), kernel), bias)
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
