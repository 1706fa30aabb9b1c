"""The one thing that decoding knows of a model: its step."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from zoo.decoding.nested_rows import same_form
from zoo.errors import InputError

# (tokens int32 [R], state, memory) -> (logits float [R, V], next state). State and memory are
# nests of tensors whose first axis is R; the memory is the same at every step.
Step = Callable[[tf.Tensor, Any, Any], tuple[tf.Tensor, Any]]


def take_step(step: Step, tokens: tf.Tensor, state: Any, memory: Any) -> tuple[tf.Tensor, Any]:
    """Calls a step and checks what it gives.

    Returns:
        The logits in float32, whatever the model computes in, and the next state, which has the
        form of the one before.

    Raises:
        InputError: The logits are not [R, V], or the state has changed its form.
    """
    logits, following = step(tokens, state, memory)
    logits = tf.convert_to_tensor(logits)
    if logits.shape.rank != 2 or not logits.dtype.is_floating:
        raise InputError(
            f"the step returned logits of {logits.dtype.name} {logits.shape}; "
            "they must be floating point [rows, vocabulary]"
        )
    return tf.cast(logits, tf.float32), same_form(state, following)


def start_tokens(start_id: int | tf.Tensor, num_rows: int | tf.Tensor) -> tf.Tensor:
    """Returns int32 [R] from an id or from one id a row."""
    tokens = tf.cast(tf.convert_to_tensor(start_id), tf.int32)
    if tokens.shape.rank not in (0, 1):
        raise InputError(f"start_id has shape {tokens.shape}; give one id, or one a row")
    return tf.broadcast_to(tokens, [num_rows])
