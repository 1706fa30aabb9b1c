"""What a decoder over a known target reads: its tokens, or how many steps there are."""

from typing import Any

import keras
import tensorflow as tf


def target_input(feedback: bool) -> tuple[Any, Any]:
    """Makes the input of a decoder's target.

    Args:
        feedback: Whether the decoder is fed the tokens before.

    Returns:
        The input, named `target`, int [B, M], or without feedback `target_length`, int [B]; and
        int [B, M], what the decoder is called with.
    """
    if feedback:
        target = keras.Input([None], dtype="int32", name="target")
        return target, target
    length = keras.Input([], dtype="int32", name="target_length")
    return length, BlankTargets(name="blank_targets")(length)


@keras.saving.register_keras_serializable(package="zoo")
class BlankTargets(keras.layers.Layer):
    """int [B, M] of zeros, M the greatest of the lengths int [B], for a decoder that is fed none.

    M is one at the least: a recurrence runs over some step.
    """

    def compute_output_spec(self, target_length):
        return keras.KerasTensor((target_length.shape[0], None), "int32")

    def call(self, target_length):
        steps = tf.maximum(tf.reduce_max(target_length), 1)
        return tf.zeros([tf.shape(target_length)[0], steps], tf.int32)
