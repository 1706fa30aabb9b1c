"""Small handwritten digits as rows of a CSV file, as scikit-learn carries them."""

import csv
from pathlib import Path

import numpy as np

from recipes.datasets.reading import line_error, open_text
from zoo.errors import InputError

SIDE = 8
DARKEST = 16
DIGITS = 10


def read_digits(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Reads a CSV file, plain or gzipped, with 64 pixels and the digit in each row.

    Returns:
        Images, uint8 [count, 8, 8] from 0 to 16 with 0 for the background, and digits, uint8
        [count].

    Raises:
        InputError: A row has not 65 whole numbers, a pixel is over 16 or a digit over 9; or as
            for `read_text`.

    Example:

    >>> from recipes import datasets
    >>> images, digits = read_digits(*datasets.fetch("optical-digits").values())  # doctest: +SKIP
    >>> images.shape  # doctest: +SKIP
    (1797, 8, 8)
    """
    wanted = f"{SIDE * SIDE} pixels from 0 to {DARKEST} and a digit, separated by commas"
    table = []
    with open_text(path) as lines:
        rows = csv.reader(lines)
        for row in rows:
            numbers = [int(field) for field in row if field.isdecimal()]
            whole = len(numbers) == len(row) == SIDE * SIDE + 1
            if not whole or max(numbers[:-1]) > DARKEST or numbers[-1] >= DIGITS:
                raise line_error(path, rows.line_num, f"expected {wanted}")
            table.append(numbers)
    if not table:
        raise InputError(f"{path}: no row in the file, expected {wanted}")
    numbers = np.array(table, np.uint8)
    return numbers[:, :-1].reshape(-1, SIDE, SIDE), numbers[:, -1]
