"""Arrays in the IDX format, as the MNIST images and labels come."""

import math
from pathlib import Path

import numpy as np

from recipes.datasets.reading import read_bytes
from zoo.errors import InputError

# The third byte of the file says what the numbers are; all are stored with the high byte first.
DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: str | Path) -> np.ndarray:
    """Reads an IDX file, plain or gzipped (http://yann.lecun.com/exdb/mnist/).

    Returns:
        An array of the shape and type that the file states, in this machine's byte order.

    Raises:
        InputError: The file is not IDX, or has more or fewer numbers than it states.
    """
    content = read_bytes(path)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in DTYPES:
        raise InputError(f"{path}: not an IDX file, it starts with 0x{content[:4].hex()}")
    dtype, rank = np.dtype(DTYPES[content[2]]), content[3]
    start = 4 + 4 * rank
    if len(content) < start:
        raise InputError(f"{path}: an IDX file cut in its header")
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", rank, offset=4))
    size = math.prod(shape) * dtype.itemsize
    if len(content) - start != size:
        stated = " x ".join(f"{length:,}" for length in shape)
        found = f"{len(content) - start:,} bytes of numbers"
        raise InputError(f"{path}: {found}, expected {size:,} for the stated {stated}")
    numbers = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return numbers.astype(dtype.newbyteorder("="))


def read_images(images: str | Path, labels: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Reads images and their labels.

    Returns:
        Images, uint8 [count, height, width] with 0 for the background, and labels, uint8
        [count].

    Raises:
        InputError: As for `read_idx`, or the two files do not belong together.
    """
    pixels, classes = read_idx(images), read_idx(labels)
    if pixels.ndim != 3 or classes.ndim != 1 or len(pixels) != len(classes):
        raise InputError(
            f"{images} has the shape {pixels.shape} and {labels} {classes.shape}; "
            "expected (count, height, width) and (count,)"
        )
    return pixels, classes
