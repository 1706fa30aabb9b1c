"""A text on a matplotlib figure, each character coloured by how little it was expected."""

import numpy as np

from recipes.drawings.fonts import fonts_for
from zoo.errors import InputError

COLUMNS = 64


def draw_surprisal(figure, text: str, nats: np.ndarray, prompt_length: int) -> None:
    """Draws a text character by character, the darker the more surprising.

    Args:
        figure: Where to draw.
        text: What was given, and what was written after it.
        nats: [len(text)], the surprisal -log p of each character.
        prompt_length: How many characters were given; they are underlined.

    Raises:
        InputError: there is no text to draw.
    """
    if not text:
        raise InputError("the text is empty, so there is nothing to draw")
    places = list(_places(text))
    rows, columns = (max(axis) + 1 for axis in zip(*places, strict=True))
    shade = np.full([rows, columns], np.nan)
    for (row, column), value in zip(places, nats, strict=False):
        shade[row, column] = value
    fonts, title = fonts_for(text), "bold: given; colour: nats of each character"
    fonts = ["monospace"] if fonts is None else fonts
    if not fonts:
        title += " (no installed font has them)"
    axes = figure.subplots()
    image = axes.imshow(shade, cmap="OrRd", vmin=0, vmax=6, aspect="auto")
    for place, (letter, (row, column)) in enumerate(zip(text, places, strict=True)):
        if not fonts:
            break
        axes.text(
            column,
            row,
            "↵" if letter == "\n" else letter,
            ha="center",
            va="center",
            fontsize=7,
            weight="bold" if place < prompt_length else "normal",
            family=fonts,
        )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title, fontsize=9)
    figure.colorbar(image, label="nats", shrink=0.8)


def _places(text: str):
    """Yields the row and column of each character: a line ends at a line feed or when full."""
    row = column = 0
    for letter in text:
        if column == COLUMNS:
            row, column = row + 1, 0
        yield row, column
        column += 1
        if letter == "\n":
            row, column = row + 1, 0
