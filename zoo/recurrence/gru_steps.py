"""A GRU's step for `recur`, with the reset gate after the product or before it."""

from typing import Any

import tensorflow as tf

from zoo.recurrence.fast_loop import StepMath, Tensors, column_sums


class GRUSteps(StepMath):
    """Keras's GRU, gates in the order z, r, h; weights are kernel, recurrent kernel, bias.

    h' = z ⊙ h + (1 - z) ⊙ tanh(x W_h + b_h + r ⊙ (h U_h + c_h)). Bias is `[2, 3 * units]`: b, c.
    """

    kept_widths = (1, 1, 1, 1)
    delta_widths = (3, 1)

    def feed(self, inputs: tf.Tensor, weights: Tensors) -> tf.Tensor:
        return tf.nn.bias_add(tf.matmul(inputs, weights[0]), weights[2][0])

    def prepare(self, weights: Tensors) -> Any:
        return weights[1], weights[2][1]

    def forward(self, fed: tf.Tensor, states: Tensors, ready: Any) -> tuple[Tensors, Tensors]:
        (h,), (recurrent, bias) = states, ready
        units = h.shape[-1]
        inner = tf.nn.bias_add(tf.matmul(h, recurrent), bias)
        fed_gates, fed_new = tf.split(fed, [2 * units, units], axis=1)
        inner_gates, inner_new = tf.split(inner, [2 * units, units], axis=1)
        z, r = tf.split(tf.sigmoid(fed_gates + inner_gates), 2, axis=1)
        new = tf.tanh(fed_new + r * inner_new)
        return (new + z * (h - new),), (z, r, new, inner_new)

    def prepare_backward(self, weights: Tensors) -> Any:
        return tf.transpose(weights[1])

    def backward(
        self, kept: Tensors, states: Tensors, gradients: Tensors, ready: Any
    ) -> tuple[Tensors, Tensors]:
        z, r, new, inner_new = kept
        (h,), (dh,) = states, gradients
        through = dh * z
        delta_new = tf.raw_ops.TanhGrad(y=new, dy=dh - through)
        delta = tf.concat(
            [
                tf.raw_ops.SigmoidGrad(y=z, dy=dh * (h - new)),
                tf.raw_ops.SigmoidGrad(y=r, dy=delta_new * inner_new),
                delta_new * r,
            ],
            axis=1,
        )
        return (delta, delta_new), (through + tf.matmul(delta, ready),)

    def gradients(
        self, inputs: tf.Tensor, states: tf.Tensor, deltas: Tensors, weights: Tensors
    ) -> tuple[tf.Tensor, Tensors]:
        inner, delta_new = deltas
        outer = tf.concat([inner[:, : 2 * delta_new.shape[-1]], delta_new], axis=1)
        return tf.matmul(outer, weights[0], transpose_b=True), (
            tf.matmul(inputs, outer, transpose_a=True),
            tf.matmul(states, inner, transpose_a=True),
            tf.stack([column_sums(outer), column_sums(inner)]),
        )


class GRUResetBeforeSteps(StepMath):
    """Keras's GRU with `reset_after=False`: h' = z ⊙ h + (1 - z) ⊙ tanh(x W_h + b_h + (r ⊙ h) U_h).

    The bias is `[3 * units]`.
    """

    kept_widths = (1, 1, 1, 1)
    delta_widths = (3, 1)

    def feed(self, inputs: tf.Tensor, weights: Tensors) -> tf.Tensor:
        return tf.nn.bias_add(tf.matmul(inputs, weights[0]), weights[2])

    def prepare(self, weights: Tensors) -> Any:
        units = weights[1].shape[0]
        return tf.split(weights[1], [2 * units, units], axis=1)

    def forward(self, fed: tf.Tensor, states: Tensors, ready: Any) -> tuple[Tensors, Tensors]:
        (h,), (for_gates, for_new) = states, ready
        units = h.shape[-1]
        fed_gates, fed_new = tf.split(fed, [2 * units, units], axis=1)
        z, r = tf.split(tf.sigmoid(fed_gates + tf.matmul(h, for_gates)), 2, axis=1)
        reset = r * h
        new = tf.tanh(fed_new + tf.matmul(reset, for_new))
        return (new + z * (h - new),), (z, r, new, reset)

    def prepare_backward(self, weights: Tensors) -> Any:
        units = weights[1].shape[0]
        return tf.split(tf.transpose(weights[1]), [2 * units, units], axis=0)

    def backward(
        self, kept: Tensors, states: Tensors, gradients: Tensors, ready: Any
    ) -> tuple[Tensors, Tensors]:
        z, r, new, reset = kept
        (h,), (dh,), (from_gates, from_new) = states, gradients, ready
        through = dh * z
        delta_new = tf.raw_ops.TanhGrad(y=new, dy=dh - through)
        d_reset = tf.matmul(delta_new, from_new)
        gates = tf.concat(
            [
                tf.raw_ops.SigmoidGrad(y=z, dy=dh * (h - new)),
                tf.raw_ops.SigmoidGrad(y=r, dy=d_reset * h),
            ],
            axis=1,
        )
        reached = through + d_reset * r + tf.matmul(gates, from_gates)
        # The second is no delta: it is what the candidate's product was taken of.
        return (tf.concat([gates, delta_new], axis=1), reset), (reached,)

    def gradients(
        self, inputs: tf.Tensor, states: tf.Tensor, deltas: Tensors, weights: Tensors
    ) -> tuple[tf.Tensor, Tensors]:
        delta, reset = deltas
        units = reset.shape[-1]
        gates, new = tf.split(delta, [2 * units, units], axis=1)
        for_recurrent = [
            tf.matmul(states, gates, transpose_a=True),
            tf.matmul(reset, new, transpose_a=True),
        ]
        return tf.matmul(delta, weights[0], transpose_b=True), (
            tf.matmul(inputs, delta, transpose_a=True),
            tf.concat(for_recurrent, axis=1),
            column_sums(delta),
        )


GRU_STEPS = GRUSteps()
GRU_RESET_BEFORE_STEPS = GRUResetBeforeSteps()
