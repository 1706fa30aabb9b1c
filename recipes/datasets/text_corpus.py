"""One long text, cut into a part to train on and a part held out."""

from pathlib import Path

from recipes.datasets.reading import read_text
from zoo.errors import InputError


def read_corpus(path: str | Path, held_out: float = 0.1) -> tuple[str, str]:
    """Reads a text; the last part of it is held out.

    The cut is at a character, not at a line, as published results for Tiny Shakespeare cut it:
    with a tenth held out, 1,003,854 characters to train on and 111,540 to measure on.

    Args:
        path: A UTF-8 text file.
        held_out: The share that is held out, from 0 to below 1.

    Returns:
        (text to train on, text held out); one after the other they are the file.

    Raises:
        InputError: The file is empty, or the share is none; or as for `read_text`.
    """
    if not 0.0 <= held_out < 1.0:
        raise InputError(f"held_out is {held_out}, expected a share from 0 to below 1")
    text = read_text(path)
    if not text.strip():
        raise InputError(f"{path}: no text in the file")
    cut = int(len(text) * (1.0 - held_out))
    return text[:cut], text[cut:]
