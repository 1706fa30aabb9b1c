"""Plain forecasts that a network has to beat: the last value, a cycle, a linear model."""

from collections.abc import Sequence

import numpy as np


def last_measured(past: np.ndarray) -> np.ndarray:
    """Returns the last value of each row that was measured.

    Args:
        past: [rows, window], nan where nothing was measured.

    Returns:
        [rows], nan where nothing was measured at all.

    Example:

    >>> last_measured(np.array([[1.0, 2.0, np.nan]]))
    array([2.])
    """
    measured = ~np.isnan(past)
    last = past.shape[1] - 1 - np.argmax(measured[:, ::-1], axis=1)
    return past[np.arange(len(past)), last]


def seasonal(past: np.ndarray, period: int, horizon: int) -> np.ndarray:
    """Forecasts each value by the one a period before it.

    Args:
        past: [rows, window].
        period: In rows; at most the window. Where the horizon is longer, periods are repeated.
        horizon: M.

    Returns:
        [rows, M].

    Example:

    >>> seasonal(np.array([[1.0, 2.0, 3.0]]), period=2, horizon=3)
    array([[2., 3., 2.]])
    """
    return past[:, past.shape[1] - period + np.arange(horizon) % period]


class Ridge:
    """Linear forecasts of the change against the last value, a model of its own for each horizon.

        min over A, b of  sum (y - x A - b)^2 + penalty * rows * |A|^2

    solved exactly; truths that were not measured are left out, horizon by horizon.

    Args:
        inputs: float [rows, D], scaled.
        targets: float [rows, M], nan where there is none.
        penalty: penalty of the squared weights, a row.

    Attributes:
        kernel: [D, M].
        bias: [M].
    """

    def __init__(self, inputs: np.ndarray, targets: np.ndarray, penalty: float):
        mean = inputs.mean(0, dtype="float64")
        centred = (inputs - mean).astype("float32")
        whole = (centred.T @ centred).astype("float64")
        kernel, bias = [], []
        for target in targets.T:
            measured = ~np.isnan(target)
            kept, missing = centred[measured], centred[~measured]
            # All rows but the few that are missing: one large product serves all horizons.
            gram = whole - missing.T @ missing
            count, centre = measured.sum(), kept.mean(0, dtype="float64")
            level = target[measured].mean(dtype="float64")
            gram -= count * np.outer(centre, centre)
            product = kept.T @ (target[measured] - level).astype("float32")
            gram[np.diag_indices_from(gram)] += penalty * count
            weights = np.linalg.solve(gram, product.astype("float64"))
            kernel.append(weights)
            bias.append(level - (mean + centre) @ weights)
        self.kernel = np.stack(kernel, 1).astype("float32")
        self.bias = np.array(bias, "float32")

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        return inputs @ self.kernel + self.bias


class PerHorizon(list):
    """A number for each horizon, which prints in one line as a single number does."""

    def __init__(self, values: Sequence[float]):
        super().__init__(round(float(value), 4) for value in values)

    def __format__(self, spec: str) -> str:
        return " ".join(format(value, spec) for value in self)


def errors(forecast: np.ndarray, truth: np.ndarray) -> dict[str, float | PerHorizon]:
    """Measures forecasts against what was measured, in the unit of the series.

    Args:
        forecast: [rows, M].
        truth: [rows, M], nan where nothing was measured: never scored.

    Returns:
        `rmse_by_horizon` and `mae_by_horizon`, and as `rmse` and `mae` their means over horizons.

    Example:

    >>> errors(np.array([[1.0, 2.0]]), np.array([[4.0, np.nan]]))["mae_by_horizon"][0]
    3.0
    """
    error = forecast - truth
    some = ~np.isnan(error).all(0)
    rmse, mae = np.full(len(some), np.nan), np.full(len(some), np.nan)
    rmse[some] = np.sqrt(np.nanmean(error[:, some].astype("float64") ** 2, 0))
    mae[some] = np.nanmean(np.abs(error[:, some]), 0)
    return {
        "rmse": float(np.nanmean(rmse)),
        "mae": float(np.nanmean(mae)),
        "rmse_by_horizon": PerHorizon(rmse),
        "mae_by_horizon": PerHorizon(mae),
    }
