"""Plain forecasts and their errors against plain NumPy."""

import numpy as np
import pytest

from recipes.baselines.forecasts import PerHorizon, Ridge, errors, last_measured, seasonal


def test_the_last_measured_value():
    past = np.array([[1.0, 2.0, np.nan], [np.nan, 5.0, 6.0], [np.nan] * 3])
    np.testing.assert_array_equal(last_measured(past), [2.0, 6.0, np.nan])


def test_a_period_is_repeated():
    past = np.arange(10.0)[None]
    np.testing.assert_array_equal(seasonal(past, 4, 6), [[6, 7, 8, 9, 6, 7]])


def test_ridge_is_the_minimum_of_its_loss_with_truths_left_out():
    random = np.random.default_rng(0)
    inputs = random.normal(size=[50, 3]) + 2
    targets = inputs @ random.normal(size=[3, 2]) + 1 + random.normal(size=[50, 2])
    targets[random.random(targets.shape) < 0.3] = np.nan
    found = Ridge(inputs, targets, penalty=0.2)
    for horizon, target in enumerate(targets.T):
        kept = ~np.isnan(target)
        # As least squares with a row more for each weight, and a bias that is not penalised.
        count = kept.sum()
        rows = np.c_[inputs[kept], np.ones(count)]
        extra = np.c_[np.sqrt(0.2 * count) * np.eye(3), np.zeros(3)]
        wanted = np.linalg.lstsq(np.r_[rows, extra], np.r_[target[kept], np.zeros(3)], rcond=None)[
            0
        ]
        np.testing.assert_allclose(found.kernel[:, horizon], wanted[:3], rtol=1e-3)
        assert found.bias[horizon] == pytest.approx(wanted[3], rel=1e-3)


def test_errors_leave_out_what_was_not_measured():
    forecast = np.array([[1.0, 2.0], [3.0, 4.0]])
    truth = np.array([[4.0, np.nan], [3.0, 5.0]])
    found = errors(forecast, truth)
    assert found["mae_by_horizon"] == [1.5, 1.0]
    assert found["rmse_by_horizon"] == [pytest.approx(np.sqrt(4.5), abs=1e-4), 1.0]
    assert found["rmse"] == pytest.approx((np.sqrt(4.5) + 1) / 2)
    assert f"{PerHorizon([1.23456, 2]):.3g}" == "1.23 2"
