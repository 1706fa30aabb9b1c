"""Drawing forecasts on a matplotlib figure.

python -m recipes.drawings.forecasts saved_models/air_quality
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from zoo.files import read_json


def draw_forecast(
    figure,
    known: np.ndarray,
    forecast: np.ndarray,
    truth: np.ndarray,
    plain: Mapping[str, np.ndarray],
    unit: str,
    step: str,
    title: str,
) -> None:
    """Draws what was known, the forecast, plain forecasts, and what came, where it is known.

    Args:
        figure: Where to draw.
        known: The rows up to the time of the forecast, nan where nothing was measured.
        forecast: [M].
        truth: At most M rows.
        plain: Other forecasts [M] by name.
        unit, step: What the axes are in.
        title: title of the picture.
    """
    axes = figure.subplots()
    axes.plot(np.arange(1 - len(known), 1), known, color="black", label="known")
    ahead = np.arange(1, len(forecast) + 1)
    if len(truth):
        axes.plot(ahead[: len(truth)], truth, color="black", linestyle=":", label="what came")
    axes.plot(ahead, forecast, color="tab:red", marker=".", label="forecast")
    for name, other in plain.items():
        axes.plot(ahead, other, linewidth=1, label=name)
    axes.axvline(0.5, color="gray", linewidth=0.8)
    axes.set_xlabel(f"{step}s from the time of the forecast")
    axes.set_ylabel(unit)
    axes.set_title(title)
    axes.legend()


def draw_horizons(figure, metrics: Mapping, split: str) -> None:
    """Draws the errors at each horizon of a model and of the plain methods beside it.

    Args:
        figure: Where to draw.
        metrics: What metrics.json holds under "metrics".
        split: Which part's.
    """
    rows = {"ours": metrics[split], **metrics["baselines"][split]}
    for axes, name in zip(figure.subplots(1, 2), ("rmse", "mae"), strict=True):
        for method, values in rows.items():
            errors = values[f"{name}_by_horizon"]
            bold = {"color": "tab:red", "linewidth": 2.5} if method == "ours" else {}
            axes.plot(range(1, len(errors) + 1), errors, label=method, **bold)
        axes.set_xlabel("horizon")
        axes.set_title(f"{name.upper()}, {split}")
        axes.grid(alpha=0.3)
    axes.legend()


def main() -> None:
    from matplotlib.figure import Figure

    folder = Path(sys.argv[1])
    figure = Figure(figsize=(10, 4))
    draw_horizons(figure, read_json(folder / "metrics.json")["metrics"], "test")
    figure.savefig(folder / "horizons.png", dpi=110, bbox_inches="tight")


if __name__ == "__main__":
    main()
