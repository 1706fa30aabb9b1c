"""Losses and errors of forecasts against NumPy; what was not measured counts for nothing."""

import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import InputError
from zoo.training.forecast_objectives import ForecastError, forecast_loss

TRUTH = np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, -2.0]], "float32")
FORECAST = np.array([[1.5, 100.0, 1.0], [7.0, 7.0, -2.25]], "float32")
ERROR = np.array([0.5, -2.0, -0.25])


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("squared", np.mean(ERROR**2)),
        ("absolute", np.mean(np.abs(ERROR))),
        ("huber", np.mean([0.5**2 / 2, 0.7 * (2 - 0.35), 0.25**2 / 2])),
    ],
)
def test_values_are_those_of_numpy(kind, wanted):
    found = tf.function(forecast_loss(kind, delta=0.7))(TRUTH, FORECAST)
    assert float(found) == pytest.approx(wanted)


@pytest.mark.parametrize("kind", ["squared", "absolute", "huber"])
def test_gradients_are_finite_and_none_comes_from_what_was_not_measured(kind):
    forecast = tf.Variable(FORECAST)
    with tf.GradientTape() as tape:
        loss = forecast_loss(kind)(TRUTH, forecast)
    gradient = np.asarray(tape.gradient(loss, forecast))
    assert np.array_equal(gradient != 0, ~np.isnan(TRUTH))


def test_nothing_measured_is_zero_and_an_unknown_kind_is_refused():
    assert float(forecast_loss()(np.full([2, 2], np.nan), np.ones([2, 2]))) == 0
    with pytest.raises(InputError, match="squared, absolute, huber"):
        forecast_loss("cubed")


@pytest.mark.parametrize("kind", ["squared", "absolute", "huber"])
def test_shares_of_a_batch_weigh_by_what_was_measured_in_them(kind):
    loss = forecast_loss(kind)
    shares = [(TRUTH[row : row + 1], FORECAST[row : row + 1]) for row in (0, 1)]
    weights = [int(loss.weight(tf.constant(truth))) for truth, _ in shares]
    assert weights == [2, 1]
    together = np.average([float(loss(*share)) for share in shares], weights=weights)
    assert together == pytest.approx(float(loss(TRUTH, FORECAST)))
    assert int(loss.weight(tf.fill([2, 2], np.nan))) == 0


def test_errors_are_exact_over_batches_of_different_sizes():
    for squared, wanted in ((True, np.sqrt(np.mean(ERROR**2))), (False, np.mean(np.abs(ERROR)))):
        metric = ForecastError(squared=squared)
        metric.update_state(TRUTH[:1], FORECAST[:1])
        metric.update_state(TRUTH[1:], FORECAST[1:])
        assert float(metric.result()) == pytest.approx(wanted)
        assert ForecastError.from_config(metric.get_config()).name == metric.name
