"""What the fast layers share: when the fast path holds, masks, lengths and dropout."""

import functools
from collections.abc import Sequence

import keras
import tensorflow as tf
from keras import ops
from tensorflow.python.ops import control_flow_util

from zoo.errors import InputError
from zoo.recurrence.fast_loop import StepMath, recur
from zoo.recurrence.fast_packing import pack_mask


class FastRecurrence:
    """A mixin for a Keras recurrent layer: its loop, run by `recur` where that gives the same.

    A layer adds `_step_math()` (None where its activations have no fast form) and, if it has a
    hand-over to a GPU library, inherits it from Keras.
    """

    def call(
        self,
        sequences: tf.Tensor,
        initial_state: Sequence[tf.Tensor] | None = None,
        mask: tf.Tensor | None = None,
        training: bool = False,
        sequence_length: tf.Tensor | None = None,
    ):
        """Runs the layer; `sequence_length` `[batch]` is the same as a right-padded mask."""
        if sequence_length is not None:
            if len(sequence_length.shape) != 1:
                raise InputError(
                    f"{self.name}: sequence_length must have the shape [batch], "
                    f"got {tuple(sequence_length.shape)}"
                )
            valid = tf.sequence_mask(sequence_length, tf.shape(sequences)[1])
            mask = valid if mask is None else tf.logical_and(valid, tf.cast(mask, tf.bool))
        return super().call(sequences, initial_state=initial_state, mask=mask, training=training)

    def inner_loop(self, sequences, initial_state, mask, training=False):
        """Takes Keras's place for the loop over time."""
        while isinstance(mask, (list, tuple)):
            mask = mask[0]
        math = self._step_math()
        if math is None or not self._fast_path_holds(training):
            # Keras's layers only add the GPU's library to this loop, and on a CPU one of them
            # fails at that with dropout and `implementation=1`.
            gpu = _has_gpu() or getattr(self, "use_cudnn", False) is True
            keras_loop = (
                super().inner_loop if gpu else functools.partial(keras.layers.RNN.inner_loop, self)
            )
            return keras_loop(sequences, initial_state, mask=mask, training=training)
        if not isinstance(initial_state, (list, tuple)):
            initial_state = [initial_state]
        if training and self.dropout:
            sequences *= self.cell.get_dropout_mask(sequences[:, 0, :])[:, None]
        return self._run(math, sequences, list(initial_state), mask)

    def _run(self, math: StepMath, sequences, initial_state, mask):
        sequences = tf.convert_to_tensor(sequences)
        packing = None
        if mask is not None:
            mask = tf.ensure_shape(tf.cast(mask, tf.bool), [None, None])
            packing = pack_mask(mask, self.go_backwards, hold=not self.zero_output_for_mask)
        outputs, states = recur(
            math,
            sequences,
            initial_state,
            self._step_weights(sequences.dtype),
            packing,
            go_backwards=self.go_backwards,
            return_sequences=self.return_sequences,
        )
        if outputs is not None:
            return outputs[:, -1], outputs, list(states)
        last = states[0]
        if mask is not None:
            # Keras gives zeros, not the initial state, for a row with no valid step.
            shown = tf.reduce_any(mask, axis=1)
            if self.zero_output_for_mask:
                shown = mask[:, 0 if self.go_backwards else -1]
            last = tf.where(shown[:, None], last, tf.zeros_like(last))
        return last, last[:, None], list(states)

    def _step_weights(self, dtype: tf.DType) -> list[tf.Tensor]:
        cell = self.cell
        weights = [cell.kernel, cell.recurrent_kernel]
        if cell.bias is not None:
            weights.append(cell.bias)
        # Keras casts to the compute type and may leave a variable; the gradient wants tensors.
        weights = [tf.convert_to_tensor(ops.convert_to_tensor(w, dtype=dtype)) for w in weights]
        if cell.bias is None:
            rows = [2] if getattr(cell, "reset_after", False) else []
            weights.append(tf.zeros([*rows, cell.kernel.shape[-1]], dtype))
        return weights

    def _fast_path_holds(self, training: bool) -> bool:
        """Whether `recur` gives what Keras would, here and on this device."""
        return not (
            self.unroll
            or (training and self.recurrent_dropout)
            or (training and self.dropout and getattr(self.cell, "implementation", 2) == 1)
            or keras.backend.backend() != "tensorflow"
            or getattr(self, "use_cudnn", False) is True
            or _has_gpu()
            or _under_xla()
        )


def _has_gpu() -> bool:
    return bool(tf.config.list_logical_devices("GPU"))


def _under_xla() -> bool:
    """Whether the graph being traced is meant for XLA, which has no tensors of varying size."""
    graph = tf.compat.v1.get_default_graph()
    return control_flow_util.GraphOrParentsInXlaContext(graph)
