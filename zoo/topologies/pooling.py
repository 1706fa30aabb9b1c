"""From all outputs of a recurrence to one vector."""

import keras
import tensorflow as tf

from zoo.attention.masking import masked_softmax
from zoo.checks import check_choice

POOLINGS = ("last", "mean", "max", "mean_max", "attention")


@keras.saving.register_keras_serializable(package="zoo")
class Pooling(keras.layers.Layer):
    """One vector of the real steps of h_1 ... h_N; zeros where a row has none.

        last        h_N; of two directions the last of the one and the first of the other, which
                    is where each has read everything
        mean, max   over the real steps, feature by feature
        mean_max    both, side by side (Howard and Ruder 2018, section 3.3, less the last step)
        attention   sum_j a_j h_j,  a = softmax_j(u^T tanh(W h_j + b))

    The attention is that of Yang et al. 2016, "Hierarchical attention networks for document
    classification": its query u is learned and asks nothing of the row.

    Args:
        kind: "last", "mean", "max", "mean_max" or "attention".
        bidirectional: Whether the outputs are two halves, forward and backward; for "last" only.

    Call arguments:
        outputs: [B, N, D].
        sequence_length: int [B], the real steps. Steps past it are not read.

    Returns:
        [B, D]; of "mean_max" [B, 2 D].

    Raises:
        InputError: an unknown kind.

    Example:

    >>> h = tf.constant([[[1.0], [3.0], [9.0]]])
    >>> Pooling("mean")(h, tf.constant([2])).numpy()
    array([[2.]], dtype=float32)
    """

    def __init__(self, kind: str, bidirectional: bool = False, **kwargs):
        super().__init__(**kwargs)
        check_choice("pooling", kind, POOLINGS)
        self.kind, self.bidirectional = kind, bidirectional
        self.supports_masking = True

    def build(self, outputs_shape, sequence_length_shape=None):
        if self.kind == "attention":
            width = outputs_shape[-1]
            self.kernel = self.add_weight(
                name="kernel", shape=(width, width), initializer="glorot_uniform"
            )
            self.bias = self.add_weight(name="bias", shape=(width,), initializer="zeros")
            self.query = self.add_weight(
                name="query", shape=(width, 1), initializer="glorot_uniform"
            )

    def compute_output_spec(self, outputs, sequence_length):
        width = outputs.shape[-1] * (2 if self.kind == "mean_max" else 1)
        return keras.KerasTensor((outputs.shape[0], width), self.compute_dtype)

    def compute_mask(self, *arguments, **keywords):
        return None

    def call(self, outputs, sequence_length):
        real = tf.sequence_mask(sequence_length, tf.shape(outputs)[1])
        if self.kind == "last":
            return self._last(outputs, real)
        # Padding may hold anything; it is cleared before it is weighed.
        outputs = tf.where(real[..., None], outputs, tf.zeros_like(outputs))
        if self.kind == "attention":
            return tf.einsum("bn,bnd->bd", self.weights_of(outputs, sequence_length), outputs)
        parts = {"mean": [_mean], "max": [_max], "mean_max": [_mean, _max]}[self.kind]
        return tf.concat([part(outputs, real) for part in parts], -1)

    def weights_of(self, outputs, sequence_length):
        """Returns the attention's weights [B, N]: of sum one, zero past a row's length."""
        real = tf.sequence_mask(sequence_length, tf.shape(outputs)[1])
        kernel, bias, query = (
            tf.cast(weight, outputs.dtype) for weight in (self.kernel, self.bias, self.query)
        )
        hidden = tf.tanh(tf.einsum("bnd,de->bne", outputs, kernel) + bias)
        scores = tf.einsum("bne,ek->bnk", hidden, query)[..., 0]
        return tf.cast(masked_softmax(scores, real), outputs.dtype)

    def _last(self, outputs, real):
        places = tf.range(tf.shape(outputs)[1])
        length = tf.reduce_sum(tf.cast(real, tf.int32), 1)
        # Picked by a mask and a sum: an index has no place to point to where there is no step.
        at_end = (places == length[:, None] - 1)[..., None]
        if not self.bidirectional:
            return tf.reduce_sum(tf.where(at_end, outputs, tf.zeros_like(outputs)), 1)
        forward, backward = tf.split(outputs, 2, -1)
        at_start = ((places == 0) & (length[:, None] > 0))[..., None]
        ends = tf.where(at_end, forward, tf.zeros_like(forward))
        starts = tf.where(at_start, backward, tf.zeros_like(backward))
        return tf.concat([tf.reduce_sum(ends, 1), tf.reduce_sum(starts, 1)], -1)

    def get_config(self):
        return {**super().get_config(), "kind": self.kind, "bidirectional": self.bidirectional}


def _mean(outputs, real):
    count = tf.reduce_sum(tf.cast(real, outputs.dtype), 1, keepdims=True)
    return tf.math.divide_no_nan(tf.reduce_sum(outputs, 1), count)


def _max(outputs, real):
    lowest = tf.where(real[..., None], outputs, outputs.dtype.min)
    some = tf.reduce_any(real, 1)[:, None]
    return tf.where(some, tf.reduce_max(lowest, 1), tf.zeros([], outputs.dtype))
