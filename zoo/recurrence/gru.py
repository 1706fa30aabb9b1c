"""The GRU layer."""

import keras

from zoo.recurrence.fast_layer import FastRecurrence
from zoo.recurrence.fast_loop import StepMath
from zoo.recurrence.gru_steps import GRU_RESET_BEFORE_STEPS, GRU_STEPS


@keras.saving.register_keras_serializable(package="zoo")
class GRU(FastRecurrence, keras.layers.GRU):
    """`keras.layers.GRU`, faster on a CPU."""

    def _step_math(self) -> StepMath | None:
        tanh, sigmoid = keras.activations.tanh, keras.activations.sigmoid
        if self.activation is not tanh or self.recurrent_activation is not sigmoid:
            return None
        return GRU_STEPS if self.reset_after else GRU_RESET_BEFORE_STEPS
