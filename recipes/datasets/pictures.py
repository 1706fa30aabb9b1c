"""Labelled pictures of one's own: an .npz file, or a folder with one folder a label."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

import zoo
from recipes.datasets.arrays import read_arrays
from zoo.deferred import tf
from zoo.errors import InputError

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif")
FORMAT = (
    "an .npz file with images (uint8 [count, height, width], or with a last axis of colours) and "
    "labels ([count], numbers or text); or a folder with one folder a label, of PNG, JPEG, BMP or "
    "GIF pictures of any size"
)


class Labelled(NamedTuple):
    """A picture, uint8 [height, width] with 0 for the background, and its label."""

    picture: np.ndarray
    label: str


def read_labelled_pictures(path: Path, height: int, width: int) -> list[Labelled]:
    """Reads a person's pictures and brings each into the form of MNIST's.

    Args:
        path: An .npz file or a folder.
        height, width: height and width of the result; pictures of this size keep their pixels.

    Returns:
        The pictures, in the order of the file or of the files' names.

    Raises:
        InputError: there is none, or one cannot be read; the line names it.
    """
    path = Path(path)
    examples = (
        _from_folder(path, height, width) if path.is_dir() else _from_arrays(path, height, width)
    )
    labels = {example.label for example in examples}
    if len(labels) < 2:
        raise InputError(f"{path}: {len(labels)} different labels; expected 2 or more")
    return examples


def _from_folder(path, height, width):
    examples = []
    for folder in sorted(part for part in path.iterdir() if part.is_dir()):
        for file in sorted(folder.iterdir()):
            if file.suffix.lower() in ENDINGS:
                bright = _decoded(file)
                examples.append(
                    Labelled(zoo.images.standardise(bright, height, width).numpy(), folder.name)
                )
    if not examples:
        raise InputError(f"{path}: no pictures in it; expected {FORMAT}")
    return examples


def _decoded(file: Path) -> tf.Tensor:
    return zoo.images.decode_picture(checked_picture(file))


def checked_picture(file: Path) -> bytes:
    """Returns the bytes of a picture file; raises `InputError` if it cannot be decoded."""
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}; expected a picture") from None
    try:
        pixels = tf.io.decode_image(content, expand_animations=False)
    except (tf.errors.InvalidArgumentError, tf.errors.OpError):
        raise InputError(
            f"{file}: cannot be decoded; expected a whole PNG, JPEG, BMP or GIF picture"
        ) from None
    if 0 in pixels.shape[:2]:
        raise InputError(f"{file}: the picture has no pixels")
    return content


def _from_arrays(path, height, width):
    arrays = read_arrays(path, ("images", "labels"))
    images, labels = arrays["images"], arrays["labels"]
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or 0 in images.shape:
        raise InputError(
            f"{path}: images is {images.dtype} {list(images.shape)}; expected uint8 "
            f"[count, height, width] or [count, height, width, colours]"
        )
    if labels.shape != images.shape[:1]:
        raise InputError(
            f"{path}: labels has the shape {list(labels.shape)}; expected [{len(images)}], one an "
            f"image"
        )
    bright = images[..., None] if images.ndim == 3 else images
    if bright.shape[-1] > 4:
        raise InputError(f"{path}: images has {bright.shape[-1]} colours; expected 1 to 4")
    prepare = tf.function(
        lambda pixels: zoo.images.standardise(zoo.images.brightness(pixels), height, width)
    )
    return [
        Labelled(prepare(tf.constant(pixels)).numpy(), str(label))
        for pixels, label in zip(bright, labels.tolist(), strict=True)
    ]
