"""Series with holes: what was not measured, filled with the last that was."""

import keras
import tensorflow as tf

NAN = float("nan")


@keras.saving.register_keras_serializable(package="zoo")
class GapFilling(keras.layers.Layer):
    """Fills each gap of a series with the last measurement before it, as a forecaster could.

    Nothing is read of what comes after a gap. Before the first measurement there is zero: after a
    normalisation that is the mean.

    Call arguments:
        values: float [B, N, C], nan where nothing was measured. N is known when the layer is built.

    Returns:
        The filled values, [B, N, C], and 1 where a value was measured, else 0, float [B, N, C].

    Example:

    >>> filled, measured = GapFilling()(tf.constant([[[np.nan], [3.0], [np.nan]]]))
    >>> filled.numpy().ravel(), measured.numpy().ravel()
    (array([0., 3., 3.], dtype=float32), array([0., 1., 0.], dtype=float32))
    """

    def compute_output_spec(self, values):
        filled = keras.KerasTensor(values.shape, self.compute_dtype)
        return filled, keras.KerasTensor(values.shape, self.compute_dtype)

    def call(self, values):
        measured = ~tf.math.is_nan(values)
        filled, reach, steps = values, 1, values.shape[1]
        # After each round, gaps of up to twice the length are filled.
        while reach < steps:
            earlier = tf.pad(filled[:, :-reach], [[0, 0], [reach, 0], [0, 0]], constant_values=NAN)
            filled = tf.where(tf.math.is_nan(filled), earlier, filled)
            reach *= 2
        filled = tf.where(tf.math.is_nan(filled), tf.zeros_like(filled), filled)
        return filled, tf.cast(measured, filled.dtype)
