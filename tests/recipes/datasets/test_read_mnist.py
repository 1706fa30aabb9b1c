"""Arrays in the IDX format."""

import gzip
import struct

import numpy as np
import pytest

from recipes.datasets.mnist import read_idx, read_images

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, CODES[array.dtype.str[1:]], array.ndim])
    shape = struct.pack(f">{array.ndim}I", *array.shape)
    return header + shape + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.mark.parametrize("dtype", CODES)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_reads_every_type_of_number(write, dtype, pack):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    found = read_idx(write(pack(idx(array))))
    assert found.dtype == np.dtype(dtype) and found.flags.writeable
    np.testing.assert_array_equal(found, array)


def test_reads_images_with_their_labels(write):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8)
    labels = np.array([5, 0, 4], np.uint8)
    images, classes = read_images(write(idx(pixels), "images"), write(idx(labels), "labels"))
    np.testing.assert_array_equal(images, pixels)
    np.testing.assert_array_equal(classes, labels)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG", ": not an IDX file, it starts with 0x89504e47"),
        (b"", ": not an IDX file"),
        (b"\0\0\x07\x01", ": not an IDX file"),
        (b"\0\0\x08\x03\0\0", ": an IDX file cut in its header"),
        (idx(np.zeros((2, 3), "u1"))[:-1], ": 5 bytes of numbers, expected 6 for the stated 2 x 3"),
        (idx(np.zeros(4, "f4")) + b"\0", ": 17 bytes of numbers, expected 16 for the stated 4"),
    ],
)
def test_names_what_is_wrong(write, told, content, message):
    told(read_idx, write(content), message)


def test_images_and_labels_must_belong_together(write, told):
    images = write(idx(np.zeros((2, 4, 4), "u1")), "images")
    labels = write(idx(np.zeros(3, "u1")), "labels")
    told(lambda path: read_images(path, labels), images, " has the shape (2, 4, 4) and ")
    told(lambda path: read_images(path, images), labels, " has the shape (3,) and ")
