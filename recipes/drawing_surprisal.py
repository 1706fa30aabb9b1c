"""A text on a matplotlib figure, each character coloured by how little it was expected."""

import unicodedata

import numpy as np

from zoo.errors import InputError

COLUMNS = 64
# In the names of fonts that have ideographs.
_WIDE = ("CJK", "Ming", "Song", "Hei", "Kai", "WenQuan", "Han Serif", "Han Sans")


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
    fonts, title = _fonts(text), "bold: given; colour: nats of each character"
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


def _fonts(text: str) -> list[str]:
    """Returns fonts that have the text's characters, or none."""
    if all(unicodedata.east_asian_width(letter) not in "WF" for letter in text):
        return ["monospace"]
    # matplotlib's own font has no ideographs.
    from matplotlib import font_manager

    known = {font.name for font in font_manager.fontManager.ttflist}
    return sorted(name for name in known if any(word in name for word in _WIDE))
