"""Cutting labelled texts into splits of like shares of every label."""

from collections.abc import Mapping, Sequence

import numpy as np

Row = tuple[str, str]


def stratified(
    rows: Sequence[Row], split: str, shares: Mapping[str, float], seed: int = 2007
) -> list[Row]:
    """Returns the rows of one split; the same cut for every run and every seed of it.

    The texts of a label are shuffled, and each split gets its share of them, rounded. All rows of
    a text are in one split, that of the text's first label: no text is trained on and tested on.
    The first text of a label is always one to train on.

    Args:
        rows: (text, label) pairs.
        split: "train", or one of `shares`.
        shares: What part of the texts each split beside "train" gets.
        seed: seed of the shuffle.

    Returns:
        Rows in the order in which they were given.

    Example:

    >>> rows = [(f"text {i}", "even" if i % 2 == 0 else "odd") for i in range(20)]
    >>> len(stratified(rows, "test", {"validation": 0.1, "test": 0.1}))
    2
    """
    label_of: dict[str, str] = {}
    for text, label in rows:
        label_of.setdefault(text, label)
    texts_of: dict[str, list[str]] = {}
    for text, label in label_of.items():
        texts_of.setdefault(label, []).append(text)
    random, chosen = np.random.default_rng(seed), {}
    # What rounding took from a split with one label it gets with the next.
    owed = dict.fromkeys(shares, 0.0)
    for label in sorted(texts_of):
        texts = texts_of[label]
        order = [0, *(1 + random.permutation(len(texts) - 1))]
        for name, share in shares.items():
            owed[name] += share * len(texts)
            count = min(max(0, round(owed[name])), len(order) - 1)
            owed[name] -= count
            for _ in range(count):
                chosen[texts[order.pop()]] = name
    return [row for row in rows if chosen.get(row[0], "train") == split]
