"""The LSTM layer."""

import keras
import tensorflow as tf

from zoo.recurrence.fast_layer import FastRecurrence
from zoo.recurrence.fast_loop import StepMath, num_lanes
from zoo.recurrence.lstm_block import align, block_lstm
from zoo.recurrence.lstm_steps import LSTM_STEPS


@keras.saving.register_keras_serializable(package="zoo")
class LSTM(FastRecurrence, keras.layers.LSTM):
    """`keras.layers.LSTM`, faster on a CPU.

    i, f, o = σ(x W + h U + b), g = tanh(x W + h U + b), c' = f ⊙ c + i ⊙ g, h' = o ⊙ tanh(c'),
    with the gates in the order i, f, g, o along the last axis of the weights.

    Args:
        units: Width of the output and of each state.
        **options: options of `keras.layers.LSTM`; the weights are the same too, so either layer
            loads the other's.
        recurrent_weight_dropout: One of `options` that is ours: the share of the recurrent
            kernel's weights that is dropped in training, by one mask a call (Merity et al. 2018).

    Called with `sequences` `[batch, time, input]` and, all optional, `initial_state` `[h, c]`,
    `mask` bool `[batch, time]`, `training`, and `sequence_length` int `[batch]`, the same as a
    right-padded mask.

    Returns:
        The last output `[batch, units]`, or all of them `[batch, time, units]` with
        `return_sequences`; with `return_state` the final states h, c after it.

    A masked step leaves the state as it is, and its output repeats the one before (zeros with
    `zero_output_for_mask`); it costs next to nothing. A row may be all padding.

    Which way it runs follows from shapes alone, as measured (docs/speed.md): a float32 layer
    of at most 110 units by one op, `block_lstm`; a wider one, and other precisions, by `recur`,
    in two lanes of rows side by side where the batch has 16 rows or more. Without padding and
    without `training` such a layer is Keras's loop, which takes less of the processor then.

    The fast path is for the default activations on a CPU. Elsewhere, under XLA, with
    `unroll`, and with `recurrent_dropout` while training, it is Keras that runs; with a GPU,
    Keras too, which takes cuDNN unless `use_cudnn=False`. There are no second derivatives on
    the fast path, and an exported model holds no gradient.

    Raises:
        InputError: ragged sequences; states of another number or shape; a mask that is not bool
            `[batch, time]`; lengths that are not one integer a row, from 0 to time. In a graph
            what only the run can tell raises `tf.errors.InvalidArgumentError`.

    Example:

    >>> layer = LSTM(8, return_sequences=True)
    >>> layer(tf.ones([2, 5, 3]), sequence_length=tf.constant([5, 2])).shape
    TensorShape([2, 5, 8])
    """

    def _keras_infers_faster(self) -> bool:
        return not tf.executing_eagerly() and num_lanes(self.cell.recurrent_kernel) > 1

    def _step_math(self) -> StepMath | None:
        tanh, sigmoid = keras.activations.tanh, keras.activations.sigmoid
        if self.activation is tanh and self.recurrent_activation is sigmoid:
            return LSTM_STEPS
        return None

    def _recur(self, math: StepMath, sequences, initial_state, weights, mask):
        if sequences.dtype != tf.float32 or num_lanes(weights[1]) > 1:
            return super()._recur(math, sequences, initial_state, weights, mask)
        alignment = None
        if mask is not None:
            alignment = align(mask, self.go_backwards, hold=not self.zero_output_for_mask)
        outputs, states = block_lstm(
            sequences, initial_state, weights, alignment, self.go_backwards
        )
        return outputs if self.return_sequences else None, states
