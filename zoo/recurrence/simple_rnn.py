"""The plain recurrent layer."""

import keras

from zoo.recurrence.fast_layer import FastRecurrence
from zoo.recurrence.fast_loop import StepMath
from zoo.recurrence.simple_rnn_steps import SIMPLE_RNN_STEPS


@keras.saving.register_keras_serializable(package="zoo")
class SimpleRNN(FastRecurrence, keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN`, faster on a CPU: h' = f(x W + h U + b).

    Args:
        units: Width of the output and of each state.
        **options: options of `keras.layers.SimpleRNN`; the weights are the same too, so either
            layer loads the other's.
        recurrent_weight_dropout: One of `options` that is ours: the share of the recurrent
            kernel's weights that is dropped in training, by one mask a call (Merity et al. 2018).

    Called with `sequences` `[batch, time, input]` and, all optional, `initial_state`,
    `mask` bool `[batch, time]`, `training`, and `sequence_length` int `[batch]`, the same as a
    right-padded mask.

    Returns:
        The last output `[batch, units]`, or all of them `[batch, time, units]` with
        `return_sequences`; with `return_state` the final state after it.

    A masked step leaves the state as it is, and its output repeats the one before (zeros with
    `zero_output_for_mask`); it costs next to nothing. A row may be all padding.

    From 222 units and 16 rows on, two loops run side by side, each with half of the rows.

    The fast path is for tanh, relu and linear on a CPU. Elsewhere, under XLA, with
    `unroll`, and with `recurrent_dropout` while training, it is Keras that runs; with a GPU,
    Keras too, which takes cuDNN unless `use_cudnn=False`. There are no second derivatives on
    the fast path, and an exported model holds no gradient.

    Raises:
        InputError: ragged sequences; states of another number or shape; a mask that is not bool
            `[batch, time]`; lengths that are not one integer a row, from 0 to time. In a graph
            what only the run can tell raises `tf.errors.InvalidArgumentError`.

    Example:

    >>> layer = SimpleRNN(8, return_sequences=True)
    >>> layer(tf.ones([2, 5, 3]), sequence_length=tf.constant([5, 2])).shape
    TensorShape([2, 5, 8])
    """

    def _step_math(self) -> StepMath | None:
        for name, steps in SIMPLE_RNN_STEPS.items():
            if self.activation is getattr(keras.activations, name):
                return steps
        return None
