"""The product of all steps with a kernel, parted."""

from collections.abc import Callable

import tensorflow as tf

from zoo.recurrence.fast_layout import Tensors
from zoo.recurrence.fast_loop import column_sums


def affine(steps: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, num_parts: int) -> list[tf.Tensor]:
    """Returns x W + b in parts of like width.

    The kernel is parted, not the product, which is far larger; the bias's gradient is a product,
    several times the speed of a sum on a CPU.

    Args:
        steps: x, `[time, batch, input]`.
        kernel: W, `[input, num_parts * units]`.
        bias: b, `[num_parts * units]`.
        num_parts: How many parts there are.

    Returns:
        The parts, each `[time, batch, units]`.
    """

    @tf.custom_gradient
    def run(steps, kernel, bias) -> tuple[Tensors, Callable]:
        width = steps.shape[-1]
        shape = tf.concat([tf.shape(steps)[:2], [kernel.shape[-1] // num_parts]], axis=0)
        rows = tf.reshape(steps, [-1, width])
        kernels = tf.split(kernel, num_parts, axis=1)
        biases = tf.split(bias, num_parts)
        parts = []
        for each, offset in zip(kernels, biases, strict=True):
            part = tf.reshape(tf.nn.bias_add(tf.matmul(rows, each), offset), shape)
            part.set_shape([*steps.shape[:2], each.shape[-1]])
            parts.append(part)

        def gradient(*deltas) -> Tensors:
            deltas = [tf.reshape(delta, [-1, delta.shape[-1]]) for delta in deltas]
            pairs = zip(deltas, kernels, strict=True)
            d_rows = tf.add_n([tf.matmul(delta, each, transpose_b=True) for delta, each in pairs])
            d_kernel = tf.concat([tf.matmul(rows, d, transpose_a=True) for d in deltas], axis=1)
            d_bias = tf.concat([column_sums(delta) for delta in deltas], axis=0)
            return tf.reshape(d_rows, tf.shape(steps)), d_kernel, d_bias

        return tuple(parts), gradient

    dtype = steps.dtype
    kernel, bias = (tf.convert_to_tensor(each, dtype) for each in (kernel, bias))
    return list(run(steps, kernel, bias))
