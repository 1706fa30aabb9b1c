"""What the fast layers share: when the fast path holds, masks, lengths and dropout."""

import contextlib
import functools
from collections.abc import Iterator

import keras
import tensorflow as tf
from keras import ops
from tensorflow.python.ops import control_flow_util

from zoo.checks import check_share
from zoo.recurrence.fast_loop import StepMath, num_lanes, recur
from zoo.recurrence.fast_packing import pack_mask
from zoo.recurrence.layer_call import CheckedLayer


class FastRecurrence(CheckedLayer):
    """A mixin for a Keras recurrent layer: its loop, run by `recur` where that gives the same.

    A layer adds `_step_math()` (None where its activations have no fast form) and, if it has a
    hand-over to a GPU library, inherits it from Keras.

    Args:
        recurrent_weight_dropout: Share of the recurrent kernel's weights that is dropped in
            training: one mask a call, the same for all rows and steps, on every path (Merity et
            al. 2018, "Regularizing and optimizing LSTM language models"). Defaults to 0.

    Raises:
        InputError: a rate outside [0, 1); what `CheckedLayer` refuses.
    """

    def __init__(self, *args, recurrent_weight_dropout: float = 0.0, **kwargs):
        super().__init__(*args, **kwargs)
        check_share("recurrent_weight_dropout", recurrent_weight_dropout)
        self.recurrent_weight_dropout = recurrent_weight_dropout
        if recurrent_weight_dropout:
            self.weight_seed = keras.random.SeedGenerator(kwargs.get("seed"))

    def inner_loop(self, sequences, initial_state, mask, training=False):
        """Takes Keras's place for the loop over time."""
        while isinstance(mask, (list, tuple)):
            mask = mask[0]
        if not (training and self.recurrent_weight_dropout):
            return self._loop(sequences, initial_state, mask, training)
        kernel = keras.random.dropout(
            self.cell.recurrent_kernel, self.recurrent_weight_dropout, seed=self.weight_seed
        )
        with _recurrent_kernel(self.cell, kernel):
            return self._loop(sequences, initial_state, mask, training)

    def _loop(self, sequences, initial_state, mask, training):
        if _has_gpu() or getattr(self, "use_cudnn", False) is True:
            return self._hand_over(sequences, initial_state, mask, training)
        math = self._step_math()
        if math is None or not self._fast_path_holds(training, mask):
            # Not `super()`: Keras's layers only try the GPU's library before this loop, and on a
            # CPU the LSTM fails at that with dropout and `implementation=1`.
            return keras.layers.RNN.inner_loop(self, sequences, initial_state, mask, training)
        if not isinstance(initial_state, (list, tuple)):
            initial_state = [initial_state]
        if training and self.dropout:
            sequences *= self.cell.get_dropout_mask(sequences[:, 0, :])[:, None]
        return self._run(math, sequences, list(initial_state), mask)

    def _hand_over(self, sequences, initial_state, mask, training):
        """Lets Keras choose, cuDNN first, with the masks that cuDNN refuses kept from it."""
        keras_loop = functools.partial(super().inner_loop, training=training)
        if mask is None or not getattr(self, "use_cudnn", False):
            return keras_loop(sequences, initial_state, mask)
        mask = tf.cast(mask, tf.bool)
        empty = tf.logical_not(tf.reduce_any(mask, axis=1))
        lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        time = tf.shape(mask)[1]
        right_padded = tf.reduce_all(mask == tf.sequence_mask(lengths, time))

        def padded():
            # cuDNN wants one valid step at least: an empty row takes one, and it is undone.
            started = tf.sequence_mask(tf.maximum(lengths, 1), time)
            last, outputs, states = keras_loop(sequences, initial_state, started)
            before = initial_state
            if not isinstance(before, (list, tuple)):
                before = [before]
            last = tf.where(empty[:, None], tf.zeros_like(last), last)
            outputs = tf.where(empty[:, None, None], tf.zeros_like(outputs), outputs)
            pairs = zip(before, states, strict=True)
            return last, outputs, [tf.where(empty[:, None], b, a) for b, a in pairs]

        def other():
            loop = keras.layers.RNN.inner_loop
            last, outputs, states = loop(self, sequences, initial_state, mask, training)
            return last, outputs, list(states)

        return tf.cond(right_padded, padded, other)

    def _run(self, math: StepMath, sequences, initial_state, mask):
        sequences = tf.convert_to_tensor(sequences)
        if mask is not None:
            mask = tf.ensure_shape(tf.cast(mask, tf.bool), [None, None])
        weights = self._step_weights(sequences.dtype)
        outputs, states = self._recur(math, sequences, initial_state, weights, mask)
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

    def _recur(self, math: StepMath, sequences, initial_state, weights, mask):
        packing = None
        if mask is not None:
            hold, lanes = not self.zero_output_for_mask, num_lanes(weights[1])
            packing = pack_mask(mask, self.go_backwards, hold, lanes)
        return recur(
            math,
            sequences,
            initial_state,
            weights,
            packing,
            go_backwards=self.go_backwards,
            return_sequences=self.return_sequences,
        )

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

    def get_config(self) -> dict:
        """Keeps `use_cudnn`, which Keras drops: what must stay off a GPU stays off it."""
        config = super().get_config()
        config["recurrent_weight_dropout"] = self.recurrent_weight_dropout
        if hasattr(self, "use_cudnn"):
            config["use_cudnn"] = self.use_cudnn
        return config

    def _fast_path_holds(self, training: bool, mask) -> bool:
        """Whether `recur` gives what Keras would, here and on this device, and no later."""
        return not (
            self.unroll
            or (training and self.recurrent_dropout)
            or (training and self.dropout and getattr(self.cell, "implementation", 2) == 1)
            or (mask is None and not training and self._keras_infers_faster())
            or under_xla()
        )

    def _keras_infers_faster(self) -> bool:
        """Whether without padding and outside training Keras's loop, in a graph, is faster."""
        return False


@contextlib.contextmanager
def _recurrent_kernel(cell, kernel: tf.Tensor) -> Iterator[None]:
    """Puts a tensor in the place of a cell's recurrent kernel while a loop is built."""
    # In the dict itself: Keras would track, or refuse, what is set on a built layer.
    attributes = vars(cell)
    variable = attributes["recurrent_kernel"]
    attributes["recurrent_kernel"] = kernel
    try:
        yield
    finally:
        attributes["recurrent_kernel"] = variable


def _has_gpu() -> bool:
    return bool(tf.config.list_logical_devices("GPU"))


def under_xla() -> bool:
    """Whether the graph being traced is meant for XLA, which has no tensors of varying size."""
    graph = tf.compat.v1.get_default_graph()
    return control_flow_util.GraphOrParentsInXlaContext(graph)
