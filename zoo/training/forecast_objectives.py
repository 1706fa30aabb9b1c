"""Losses and measures of forecasts, where some of the truth was not measured."""

from collections.abc import Callable

import keras
import tensorflow as tf

from zoo.errors import InputError

LOSSES = ("squared", "absolute", "huber")


def forecast_loss(kind: str = "squared", delta: float = 1.0) -> Callable:
    """Returns a loss of the error e = forecast - truth, averaged over what was measured.

        squared     e^2: its best forecast is the mean, which the root mean squared error asks for
        absolute    |e|: the median, which the mean absolute error asks for
        huber       e^2 / 2 up to |e| = delta, delta (|e| - delta / 2) from there (Huber 1964)

    Args:
        kind: "squared", "absolute" or "huber".
        delta: In the unit of the truth, as for "huber". Defaults to 1.

    Returns:
        A function (truth [B, M] with nan where nothing was measured, forecast [B, M]) -> scalar;
        zero where nothing was. Its attribute `weight` is a function of the truth that counts what
        was, so that several replicas weigh as one process.

    Raises:
        InputError: an unknown kind.

    Example:

    >>> loss = forecast_loss("absolute")
    >>> float(loss(tf.constant([[1.0, np.nan]]), tf.constant([[5.0, 9.0]])))
    4.0
    """
    if kind not in LOSSES:
        raise InputError(f"loss is {kind!r}; expected one of {', '.join(LOSSES)}")

    def of_error(error):
        if kind == "squared":
            return error**2
        size = tf.abs(error)
        if kind == "absolute":
            return size
        return tf.where(size <= delta, size**2 / 2, delta * (size - delta / 2))

    def loss(y_true, y_pred):
        measured, error = _error(y_true, y_pred)
        return tf.math.divide_no_nan(
            tf.reduce_sum(tf.where(measured, of_error(error), 0.0)),
            tf.reduce_sum(tf.cast(measured, tf.float32)),
        )

    loss.weight = lambda y_true: tf.math.count_nonzero(~tf.math.is_nan(y_true))
    return loss


@keras.saving.register_keras_serializable(package="zoo")
class ForecastError(keras.metrics.Metric):
    """Root mean squared, or mean absolute, error in the unit of the series, over what was measured.

    It is exact over batches of different sizes.

    Args:
        squared: Whether it is the root of the mean square; else the mean absolute error.
    """

    def __init__(self, squared: bool = True, name: str | None = None, **kwargs):
        super().__init__(name=name or ("rmse" if squared else "mae"), **kwargs)
        self.squared = squared
        self.total = self.add_variable((), "zeros", name="total")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        measured, error = _error(y_true, y_pred)
        size = error**2 if self.squared else tf.abs(error)
        self.total.assign_add(tf.reduce_sum(tf.where(measured, size, 0.0)))
        self.count.assign_add(tf.reduce_sum(tf.cast(measured, tf.float32)))

    def result(self):
        mean = tf.math.divide_no_nan(self.total.value, self.count.value)
        return tf.sqrt(mean) if self.squared else mean

    def get_config(self):
        return {**super().get_config(), "squared": self.squared}


def _error(y_true, y_pred):
    """Which truths were measured, and the error there; zero, with a gradient of zero, elsewhere."""
    truth = tf.cast(y_true, tf.float32)
    measured = ~tf.math.is_nan(truth)
    forecast = tf.cast(y_pred, tf.float32)
    return measured, tf.where(measured, forecast - tf.where(measured, truth, 0.0), 0.0)
