"""Small digits in CSV."""

import gzip

import numpy as np
import pytest

from recipes.datasets.optical_digits import read_digits

PIXELS = np.random.default_rng(0).integers(0, 17, (3, 64))
ROWS = [",".join(map(str, [*row, digit])) for row, digit in zip(PIXELS, (9, 0, 4), strict=True)]


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_reads_images_and_digits(write, pack):
    images, digits = read_digits(write(pack("\n".join(ROWS).encode())))
    np.testing.assert_array_equal(images, PIXELS.reshape(3, 8, 8))
    assert images.dtype == digits.dtype == np.uint8 and digits.tolist() == [9, 0, 4]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([ROWS[0], ROWS[1] + ",1"], " line 2: expected 64 pixels from 0 to 16 and a digit"),
        (["17" + ROWS[0][ROWS[0].index(",") :]], " line 1: expected"),
        ([ROWS[0][:-1] + "10"], " line 1: expected"),
        ([ROWS[0][:-1] + "x"], " line 1: expected"),
        ([ROWS[0], "", ROWS[1]], " line 2: expected"),
        ([], ": no row in the file"),
    ],
)
def test_names_the_line(write, told, rows, message):
    told(read_digits, write("\n".join(rows)), message)
