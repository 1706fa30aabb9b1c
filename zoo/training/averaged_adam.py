"""Adam that also averages the weights, without a memory of the random ones it began with."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("zoo")
class AveragedAdam(keras.optimizers.Adam):
    """Adam with an exponential average of the weights that is right in a short run too.

    After step t (the first is t = 1) the average v of the weights w is

        v_t = m_t v_{t-1} + (1 - m_t) w_t        m_t = min(ema_momentum, (t - 1) / (t + 8))

    Keras's own average has m_t = ema_momentum from the second step on: after 100 steps at 0.998,
    82 % of it are the weights of the first step, which are random but for one update. The bound is
    that of TensorFlow's `ExponentialMovingAverage(num_updates)`, (1 + n) / (10 + n), counted so
    that the first step's weights replace what was there. A bounded average looks back over a tenth
    of the steps or so; from step 9 / (1 - ema_momentum) on it is the unbounded one.

    Args:
        use_ema: whether to average. Validation and the final model then use the average.
        ema_momentum: the most that is kept of the average in one step, 0 to 1.
        Others: as of `keras.optimizers.Adam`.
    """

    def _update_model_variables_moving_average(self, trainable_variables):
        # Keras calls this after each update, before it counts it.
        updates_before = ops.cast(self.iterations, "float32")
        bounded = ops.minimum(self.ema_momentum, updates_before / (updates_before + 9.0))
        averages = self._model_variables_moving_average
        for variable, average in zip(trainable_variables, averages, strict=True):
            if average is not None:
                kept = ops.cast(bounded, average.dtype)
                average.assign(kept * average + (1 - kept) * ops.cast(variable, average.dtype))
