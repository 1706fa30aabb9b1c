"""The LSTM layer."""

import keras

from zoo.recurrence.fast_layer import FastRecurrence
from zoo.recurrence.fast_loop import StepMath
from zoo.recurrence.lstm_steps import LSTM_STEPS


@keras.saving.register_keras_serializable(package="zoo")
class LSTM(FastRecurrence, keras.layers.LSTM):
    """`keras.layers.LSTM`, faster on a CPU.

    i, f, o = σ(x W + h U + b), g = tanh(x W + h U + b), c' = f ⊙ c + i ⊙ g, h' = o ⊙ tanh(c'),
    with the gates in the order i, f, g, o along the last axis of the weights.
    """

    def _step_math(self) -> StepMath | None:
        tanh, sigmoid = keras.activations.tanh, keras.activations.sigmoid
        if self.activation is tanh and self.recurrent_activation is sigmoid:
            return LSTM_STEPS
        return None
