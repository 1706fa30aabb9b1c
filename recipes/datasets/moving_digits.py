"""Clips of handwritten digits that move and change, made from pictures by a seed."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from recipes.datasets.pictures import Labelled

# Frames of a clip, and of one digit in it: from, up to.
FRAMES = (12, 20)
STAY = (4, 8)
# Pixels a frame in each direction, at most.
SPEED = 2.0
# Share of the frames, beside the first of a digit, with each trouble.
TROUBLE_SHARE = 0.12
BAR_WIDTH = 12
# Pixels that are noise: in every frame, and in a frame of static.
NOISE_SHARE, STATIC_SHARE = 0.02, 0.3


class Clip(NamedTuple):
    """Frames, uint8 [T, height, width] with 0 for the background, and a label for each."""

    frames: np.ndarray
    labels: list[str]


def moving_digits(pictures: Sequence[Labelled], count: int, seed: int) -> list[Clip]:
    """Makes clips in which one digit after another moves over the frame.

    A digit stays for 4 to 8 frames, flies straight and bounces off the edges; another of another
    label takes its place at once. In its first frame it is seen whole. In later ones it may be
    gone (the frame is empty), be behind a black bar, or stand in static, each in 12 % of the
    frames; the label stays that of the digit. Two per cent of all pixels of a frame that is not
    empty are noise. So a frame alone does not always say its label, and its neighbours do.

    Args:
        pictures: What the digits are drawn from, with replacement.
        count: Clips, of 12 to 20 frames each.
        seed: Clip i is a function of the pictures, the seed and i alone.

    Returns:
        The clips; their frames have the pictures' size.
    """
    return [_clip(pictures, np.random.default_rng([seed, index])) for index in range(count)]


def _clip(pictures, random) -> Clip:
    length = int(random.integers(FRAMES[0], FRAMES[1] + 1))
    frames, labels = [], []
    while len(frames) < length:
        picture, label = pictures[int(random.integers(len(pictures)))]
        if labels and label == labels[-1]:
            continue
        stay = int(random.integers(STAY[0], STAY[1] + 1))
        flight = _flight(_cut_out(picture), picture.shape, stay, random)
        frames += [_troubled(frame, t > 0, random) for t, frame in enumerate(flight)]
        labels += [label] * stay
    return Clip(np.stack(frames[:length]), labels[:length])


def _cut_out(picture):
    rows, columns = (np.flatnonzero(picture.max(axis)) for axis in (1, 0))
    if not len(rows):
        return picture[:1, :1]
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _flight(digit, shape, count, random):
    """Yields the digit at places on a straight line that bounces off the edges."""
    room = np.array(shape) - digit.shape
    place = random.uniform(0, 1, 2) * room
    velocity = random.uniform(-SPEED, SPEED, 2)
    for time in range(count):
        # On a straight line in the picture unfolded at its edges.
        unfolded = (place + velocity * time) % np.maximum(2 * room, 1)
        down, across = np.rint(room - np.abs(unfolded - room)).astype(int).clip(0, room)
        frame = np.zeros(shape, "uint8")
        frame[down : down + digit.shape[0], across : across + digit.shape[1]] = digit
        yield frame


def _troubled(frame, may_be_hidden, random):
    drawn = random.uniform()
    trouble = int(drawn / TROUBLE_SHARE) if may_be_hidden else 3
    if trouble == 0:
        return np.zeros_like(frame)
    if trouble == 1:
        axis = int(random.integers(2))
        start = int(random.integers(frame.shape[axis] - min(BAR_WIDTH, frame.shape[axis]) + 1))
        np.moveaxis(frame, axis, 0)[start : start + BAR_WIDTH] = 0
    share = STATIC_SHARE if trouble == 2 else NOISE_SHARE
    noisy = random.uniform(size=frame.shape) < share
    frame[noisy] = random.integers(0, 256, int(noisy.sum()))
    return frame
