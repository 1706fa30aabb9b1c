"""Showing what of a text a model attends to: marked words in a line, coloured ones in a picture."""

from collections.abc import Sequence

import numpy as np


def mark_attended(tokens: Sequence[str], weights: np.ndarray, most: int = 60) -> str:
    """Returns the text with the words in brackets that stand out in the attention.

    A word stands out by one standard deviation over the mean: how sharp attention is differs much
    from model to model.

    Args:
        tokens: N words.
        weights: [N or more], adding up to one.
        most: Words that are shown at most.

    Example:

    >>> mark_attended(["a", "dull", "film"], np.array([0.1, 0.8, 0.1]))
    'a [dull] film'
    """
    real = np.asarray(weights)[: len(tokens)]
    # Equal weights differ by rounding.
    high = real.mean() + real.std() + 1e-6 if len(real) else 0
    shown = [f"[{t}]" if w > high else t for t, w in zip(tokens[:most], real, strict=False)]
    return " ".join([*shown, *(["…"] if len(tokens) > most else [])])


def draw_attended(
    figure,
    tokens: Sequence[str],
    weights: np.ndarray,
    labels: Sequence[str],
    scores: np.ndarray,
    separator: str = " ",
    most: int = 200,
) -> None:
    """Draws a text with each word as dark as the attention on it, and the labels' scores below.

    White is the least attention in the text and the darkest the most; the title says how much.

    Args:
        figure: Where to draw.
        tokens: N words.
        weights: [N], adding up to one.
        labels, scores: Best first; the first five are drawn.
        separator: What stands between two tokens.
        most: Words that are drawn at most.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    above, below = figure.subplots(2, 1, height_ratios=[3, 1])
    above.set_axis_off()
    lowest, highest = float(np.min(weights)), float(np.max(weights))
    span = f"   (attention {lowest:.1%} to {highest:.1%} a word)" if highest > lowest else ""
    above.set_title(f"{labels[0]} {scores[0]:.3f}{span}", pad=14)
    # The canvas measures how wide a word is.
    _write(above, FigureCanvasAgg(figure).get_renderer(), tokens[:most], weights, separator)
    places = np.arange(min(5, len(labels)))
    below.barh(places, scores[: len(places)], color="tab:gray")
    below.set_yticks(places, labels[: len(places)])
    below.invert_yaxis()
    below.set_xlim(0, 1)
    below.set_xlabel("probability")


def _write(axes, renderer, tokens, weights, separator) -> None:
    """Writes words from left to right, in lines."""
    width = axes.get_window_extent(renderer).width
    size = 13 if len(tokens) <= 60 else 8
    gap = size * 0.6 if separator else size * 0.15
    left, top, line = 0.0, 1.0, size * 2.2 / axes.get_window_extent(renderer).height * 1.4
    lowest = float(np.min(weights))
    spread = max(float(np.max(weights)) - lowest, 1e-9)
    for token, weight in zip(tokens, weights, strict=False):
        shade = (float(weight) - lowest) / spread
        text = axes.text(
            left / width,
            top,
            token,
            fontsize=size,
            va="top",
            parse_math=False,
            bbox={"facecolor": (1.0, 1 - 0.55 * shade, 1 - shade), "edgecolor": "none", "pad": 2},
        )
        taken = text.get_window_extent(renderer).width
        if left and left + taken > width:
            left, top = 0.0, top - line
            text.set_position((0, top))
        left += taken + gap
