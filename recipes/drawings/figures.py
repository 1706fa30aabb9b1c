"""Drawing on a matplotlib figure: training curves and alignments."""

import numpy as np

from zoo.errors import InputError


def draw_history(figure, rows: list[dict[str, float]], title: str) -> None:
    """Draws losses and learning rate over steps."""
    if not rows:
        raise InputError(f"{title}: nothing to draw yet; history.csv has no row")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    steps = [row["step"] for row in rows]
    for name in rows[0]:
        if name not in ("step", "epoch", "seconds", "learning_rate"):
            above.plot(steps, [row.get(name, np.nan) for row in rows], label=name, marker=".")
    above.set_title(title)
    above.legend()
    above.grid(alpha=0.3)
    below.plot(steps, [row["learning_rate"] for row in rows], color="gray")
    below.set_ylabel("learning rate")
    below.set_xlabel("step")


def draw_alignment(figure, source: list[str], target: list[str], weights: np.ndarray) -> None:
    """Draws attention weights: a row a target token, a column a source token.

    Args:
        figure: Where to draw.
        source: N tokens.
        target: M tokens.
        weights: [M or more, N or more]; what lies past the tokens is padding.
    """
    axes = figure.subplots()
    image = axes.imshow(weights[: len(target), : len(source)], cmap="Greys", vmin=0, vmax=1)
    axes.set_xticks(range(len(source)), source)
    axes.set_yticks(range(len(target)), target)
    axes.xaxis.tick_top()
    axes.set_ylabel("output")
    axes.set_title("input")
    figure.colorbar(image, label="attention weight", shrink=0.8)
