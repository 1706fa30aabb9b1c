"""Clips of one handwritten digit that moves in one of several ways, made by a seed."""

from collections.abc import Sequence

import numpy as np

from recipes.datasets.labelled_clips import LabelledClip
from recipes.datasets.pictures import Labelled

MOTIONS = ("left", "right", "up", "down", "clockwise", "counterclockwise", "grow", "shrink")
# Frames of a clip: from, up to.
FRAMES = (8, 14)
# How much a motion changes from frame to frame: pixels, degrees, the logarithm of the size.
SPEED, TURN, GROWTH = (0.5, 1.2), (4.0, 10.0), (0.02, 0.06)
# What all clips have whichever way they move: size against the picture's, degrees, pixels off the
# middle.
SIZE, TILT, OFF_THE_MIDDLE = (0.5, 0.75), 40.0, 3.0
# How far a digit trembles: pixels.
TREMBLE = 0.4
EMPTY_SHARE, NOISE_SHARE = 0.1, 0.02


def digit_motions(pictures: Sequence[Labelled], count: int, seed: int) -> list[LabelledClip]:
    """Makes clips whose label is how the digit in them moves.

    A digit flies left, right, up or down, turns, grows or shrinks, evenly over the clip. Halfway
    it has a place, a size and a tilt that are drawn whichever way it moves, so that no frame alone
    says the label: it takes several, in their order. The digit trembles; of the frames 10 % (not
    the first, nor the last) are empty, and 2 % of all pixels of the others are noise.

    Args:
        pictures: What the digits are drawn from, with replacement.
        count: Clips, of 8 to 14 frames each.
        seed: Clip i is a function of the pictures, the seed and i alone.

    Returns:
        The clips; their frames have the pictures' size.
    """
    return [_clip(pictures, np.random.default_rng([seed, index])) for index in range(count)]


def _clip(pictures, random) -> LabelledClip:
    picture = pictures[int(random.integers(len(pictures)))].picture
    motion = MOTIONS[int(random.integers(len(MOTIONS)))]
    count = int(random.integers(FRAMES[0], FRAMES[1] + 1))
    time = np.arange(count) - (count - 1) / 2
    middle = random.uniform(-OFF_THE_MIDDLE, OFF_THE_MIDDLE, 2)
    places = middle + random.normal(0, TREMBLE, (count, 2))  # (down, right)
    degrees = np.full(count, random.uniform(-TILT, TILT))
    sizes = np.full(count, random.uniform(*SIZE))
    if motion in ("left", "right", "up", "down"):
        sign = 1 if motion in ("right", "down") else -1
        places[:, int(motion in ("left", "right"))] += sign * random.uniform(*SPEED) * time
    elif motion in ("clockwise", "counterclockwise"):
        degrees = degrees + (1 if motion == "clockwise" else -1) * random.uniform(*TURN) * time
    else:
        sign = 1 if motion == "grow" else -1
        sizes = sizes * np.exp(sign * random.uniform(*GROWTH) * time)
    frames = moved(picture, places, degrees, sizes)
    noisy = random.uniform(size=frames.shape) < NOISE_SHARE
    frames[noisy] = random.integers(0, 256, int(noisy.sum()))
    empty = random.uniform(size=count) < EMPTY_SHARE
    frames[1:-1][empty[1:-1]] = 0
    return LabelledClip(frames, motion)


def moved(picture, places, degrees, sizes) -> np.ndarray:
    """Draws a picture at places, turned and scaled: one frame for each.

    Args:
        picture: uint8 [height, width], 0 for the background.
        places: [T, 2], pixels that its middle is moved down and to the right.
        degrees: [T], clockwise as a person sees it.
        sizes: [T], against the picture's own.

    Returns:
        uint8 [T, height, width]; between pixels it is interpolated (bilinear).

    Example:

    >>> corner = np.array([[9, 0], [0, 0]], "uint8")
    >>> moved(corner, np.zeros((1, 2)), np.array([90.0]), np.ones(1))[0].tolist()
    [[0, 9], [0, 0]]
    """
    height, width = picture.shape
    middle = np.array([(height - 1) / 2, (width - 1) / 2])
    down, right = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    # For every pixel of a frame, where in the picture it comes from: the motion undone.
    y = down - middle[0] - places[:, 0, None, None]
    x = right - middle[1] - places[:, 1, None, None]
    turn = np.deg2rad(degrees)[:, None, None]
    scale = np.asarray(sizes)[:, None, None]
    rows = (np.cos(turn) * y - np.sin(turn) * x) / scale + middle[0]
    columns = (np.sin(turn) * y + np.cos(turn) * x) / scale + middle[1]
    # A border of background two pixels wide: whatever comes from outside is taken from there.
    padded = np.pad(picture.astype("float32"), 2)
    rows = np.clip(rows + 2, 0.0, height + 2.999)
    columns = np.clip(columns + 2, 0.0, width + 2.999)
    above, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    lower, further = rows - above, columns - left
    shade = (
        (1 - lower) * (1 - further) * padded[above, left]
        + (1 - lower) * further * padded[above, left + 1]
        + lower * (1 - further) * padded[above + 1, left]
        + lower * further * padded[above + 1, left + 1]
    )
    return np.rint(shade).astype("uint8")
