"""The plain recurrent layer."""

import keras

from zoo.recurrence.fast_layer import FastRecurrence
from zoo.recurrence.fast_loop import StepMath
from zoo.recurrence.simple_rnn_steps import SIMPLE_RNN_STEPS


@keras.saving.register_keras_serializable(package="zoo")
class SimpleRNN(FastRecurrence, keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN`, faster on a CPU."""

    def _step_math(self) -> StepMath | None:
        for name, steps in SIMPLE_RNN_STEPS.items():
            if self.activation is getattr(keras.activations, name):
                return steps
        return None
