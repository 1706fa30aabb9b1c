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


def draw_frames(figure, frames: np.ndarray, answer) -> None:
    """Draws the frames of a clip with their labels, above how likely each class was in each.

    Args:
        figure: Where to draw.
        frames: [T, height, width].
        answer: `labels` [T], `probabilities` [T, K] and `classes` [K] of the clip.
    """
    count = len(frames)
    above, below = figure.subplots(2, 1, height_ratios=[1, 4])
    above.imshow(
        np.concatenate(frames, 1), cmap="Greys", extent=(-0.5, count - 0.5, 0, 1), aspect="auto"
    )
    above.set_xticks(range(count), [label.decode() for label in answer["labels"][:count]])
    above.xaxis.tick_top()
    above.set_yticks([])
    shown = below.imshow(
        answer["probabilities"][:count].T, cmap="Greys", vmin=0, vmax=1, aspect="auto"
    )
    below.set_yticks(range(len(answer["classes"])), [name.decode() for name in answer["classes"]])
    below.set_xlabel("frame")
    figure.colorbar(shown, ax=[above, below], label="probability")


def draw_clip(figure, frames: np.ndarray, classes, probabilities: np.ndarray) -> None:
    """Draws the frames of a clip, above how likely each class is for the whole of it.

    Args:
        figure: Where to draw.
        frames: [T, height, width].
        classes: K names, bytes.
        probabilities: [K].
    """
    above, below = figure.subplots(2, 1, height_ratios=[1, 3])
    above.imshow(np.concatenate(frames, 1), cmap="Greys", aspect="auto")
    above.set_axis_off()
    draw_probabilities(below, classes, probabilities)
