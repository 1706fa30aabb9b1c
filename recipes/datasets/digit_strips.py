"""Strips of handwritten digits with their caption in words, made from pictures by a seed."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from recipes.datasets.pictures import Labelled

HEIGHT, WIDTH = 28, 140
MOST_DIGITS = 5
NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


class Captioned(NamedTuple):
    """A picture, uint8 [height, width] with 0 for the background, and what it shows in words."""

    picture: np.ndarray
    caption: str


def digit_strips(pictures: Sequence[Labelled], count: int, seed: int) -> list[Captioned]:
    """Makes strips of one to five digits at uneven places.

    The digits stand in order and may touch, but a digit never covers more than 6 pixels of the
    28 of its neighbour's frame; each is moved up or down by up to two pixels.

    Args:
        pictures: MNIST's, 28 x 28, labels "0" to "9"; drawn with replacement.
        count: Strips.
        seed: Strip i is a function of the pictures, the seed and i alone.
    """
    return [_strip(pictures, np.random.default_rng([seed, index])) for index in range(count)]


def _strip(pictures, random) -> Captioned:
    number = int(random.integers(1, MOST_DIGITS + 1))
    chosen = [pictures[int(random.integers(len(pictures)))] for _ in range(number)]
    size = chosen[0].picture.shape[1]
    closest = size - 6
    # What is left of the width beyond the closest packing is spread over the gaps at random.
    slack = WIDTH - (closest * (number - 1) + size)
    cuts = np.sort(random.integers(0, slack + 1, number))
    canvas = np.zeros((HEIGHT, WIDTH), "uint8")
    for place, one in enumerate(chosen):
        start = closest * place + int(cuts[place])
        moved = np.roll(one.picture, int(random.integers(-2, 3)), axis=0)
        part = canvas[:, start : start + size]
        np.maximum(part, moved, out=part)
    return Captioned(canvas, " ".join(NAMES[int(one.label)] for one in chosen))
