"""Drawing sound on a matplotlib figure: frames of bands, and where a model listened."""

import numpy as np


def draw_sound(
    figure, frames: np.ndarray, attention: np.ndarray | None, title: str, step: float
) -> None:
    """Draws log-mel frames, and above them the attention weight of each.

    Args:
        figure: Where to draw.
        frames: [N, M].
        attention: [N], or None where the model has none.
        title: title of the picture.
        step: Seconds from a frame to the next.
    """
    if attention is None:
        below = figure.subplots()
        top = below
    else:
        top, below = figure.subplots(2, 1, sharex=True, height_ratios=[1, 3])
        times = (np.arange(len(attention)) + 0.5) * step
        top.bar(times, attention, width=step, color="gray")
        top.set_ylabel("attention")
    extent = (0, len(frames) * step, 0, frames.shape[1])
    below.imshow(frames.T, origin="lower", aspect="auto", cmap="magma", extent=extent)
    below.set_xlabel("seconds")
    below.set_ylabel("mel band")
    top.set_title(title)
