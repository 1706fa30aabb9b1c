"""Drawing what a model says about pictures, on matplotlib axes."""

import numpy as np


def draw_probabilities(axes, classes, probabilities: np.ndarray, most: int = 10) -> None:
    """Draws the likeliest classes as bars.

    Args:
        axes: Where to draw.
        classes: K names, bytes.
        probabilities: [K].
        most: How many are shown at most.
    """
    chosen = np.sort(np.argsort(-probabilities, kind="stable")[:most])
    places = np.arange(len(chosen))
    axes.barh(places, probabilities[chosen], color="gray")
    axes.set_yticks(places, [classes[k].decode() for k in chosen])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("probability")
