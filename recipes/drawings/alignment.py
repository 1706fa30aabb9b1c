"""Attention weights with the pieces that they belong to, as a heat map."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from recipes.drawings.figures import draw_alignment
from recipes.drawings.fonts import fonts_for
from zoo.errors import InputError


class Alignment(NamedTuple):
    """Attention weights, and what stands beside their rows and columns.

    Attributes:
        source: N pieces: letters, words or parts of words, as the model reads them.
        target: M pieces, as the model says them.
        weights: float [M, N].
        over: What stands over the columns.
        beside: What stands beside the rows.
    """

    source: list[str]
    target: list[str]
    weights: np.ndarray
    over: str = "input"
    beside: str = "output"


def alignment_of_answer(
    source: list[str], target: list[str], weights: np.ndarray, given: str, said: str
) -> Alignment:
    """Puts names to the weights of an answer whose pieces are not known, only guessed.

    Where the guess at the source does not have as many pieces as there are weights, both sides are
    numbered, and the whole texts stand beside them: a wrong name would be worse than none.

    Args:
        source, target: The pieces of the texts, as far as one can tell.
        weights: float [M or more, N], zero past the answer's end.
        given, said: The texts.

    Raises:
        InputError: the answer is empty, or the model attends to nothing.
    """
    if not said:
        raise InputError(f"{given!r}: the answer is empty, so there is no alignment to draw")
    if not np.any(weights):
        raise InputError("the model has no attention, so there is no alignment to draw")
    if weights.shape[1] == len(source) and len(target) <= weights.shape[0]:
        return Alignment(source, target, weights[: len(target)])
    weights = weights[: np.flatnonzero(weights.sum(1))[-1] + 1]
    rows, columns = ([str(place + 1) for place in range(size)] for size in weights.shape)
    return Alignment(columns, rows, weights, given, said)


def draw(figure: Any, alignment: Alignment) -> None:
    """Draws one alignment as a heat map, on a figure that is made as large as it needs to be."""
    _fit(figure, alignment, across=1, down=1)
    _draw(figure, alignment)


def draw_alignments(figure: Any, alignments: Mapping[str, Alignment], columns: int = 3) -> None:
    """Draws several models' alignments of one source beside each other.

    Args:
        figure: Where to draw; it is made as large as it needs to be.
        alignments: By the name that stands over each.
        columns: How many stand beside each other at most.
    """
    across = min(columns, len(alignments))
    down = -(-len(alignments) // across)
    largest = max(alignments.values(), key=lambda one: len(one.target))
    _fit(figure, largest, across, down)
    panels = figure.subfigures(down, across, squeeze=False).ravel()
    for panel, (name, alignment) in zip(panels, alignments.items(), strict=False):
        _draw(panel, alignment._replace(over=name))


def _fit(figure, alignment, across, down) -> None:
    width = 2.5 + 0.32 * max(5, len(alignment.source))
    height = 2.0 + 0.32 * max(5, len(alignment.target))
    figure.set_size_inches(width * across, height * down)


def _draw(figure, alignment) -> None:
    names, families = [], []
    for side in alignment[:2]:
        fonts = fonts_for(side)
        # Where no font has the signs, places stand for them rather than empty boxes.
        names.append([str(k + 1) for k in range(len(side))] if fonts == [] else side)
        families.append(["DejaVu Sans", *(fonts or [])])
    draw_alignment(figure, *names, alignment.weights)
    axes = figure.axes[0]
    axes.set_title(alignment.over)
    axes.set_ylabel(alignment.beside)
    for labels, family in zip(
        (axes.get_xticklabels(), axes.get_yticklabels()), families, strict=True
    ):
        for label in labels:
            label.set_family(family)
    # Letters stand beside each other as they are; words do not.
    if max(map(len, names[0])) > 2:
        axes.tick_params(axis="x", labelrotation=60)
