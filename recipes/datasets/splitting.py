"""Holding examples out of data that comes without a split."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

from zoo.errors import InputError

Example = TypeVar("Example")


def held_out(
    examples: Sequence[Example],
    split: str,
    sizes: Mapping[str, int],
    what: str = "examples",
    seed: int = 2007,
) -> list[Example]:
    """Cuts one split off a fixed shuffle, which is the same for every run and every seed of it.

    Args:
        examples: Everything; nothing that belongs together (the pronunciations of a word) may
            stand in two of them.
        split: "train", or one of `sizes`.
        sizes: How many examples each split beside "train" gets. Where that would be more than half
            of a small file, each gets a tenth, and one at the least.
        what: What the examples are, for the message.
        seed: seed of the shuffle.

    Returns:
        The examples of the split; those of "train" in their first order.

    Raises:
        InputError: too few examples for every split to have one.
    """
    if len(examples) < len(sizes) + 1:
        raise InputError(
            f"{len(examples)} {what} are too few; training needs {len(sizes) + 1} different ones "
            f"or more"
        )
    if sum(sizes.values()) * 2 > len(examples):
        sizes = {name: max(1, len(examples) // 10) for name in sizes}
    order = np.random.default_rng(seed).permutation(len(examples))
    start = 0
    for name, size in sizes.items():
        if name == split:
            return [examples[i] for i in order[start : start + size]]
        start += size
    return [examples[i] for i in np.sort(order[start:])]
