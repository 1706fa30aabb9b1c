"""What the recipes on clips share: MNIST's pictures in three parts, clips as a model reads them."""

from __future__ import annotations

import numpy as np

from recipes import datasets
from recipes.datasets.clips import encoded_clip, film_strip
from recipes.datasets.mnist import read_images
from recipes.datasets.pictures import Labelled
from recipes.families.image_to_label import HEIGHT, WIDTH
from zoo.deferred import tf

# The seeds of the three parts of made clips; their digits are of disjoint pictures too.
SEEDS = {"train": 1, "validation": 2, "test": 3}
HELD_OUT_PICTURES = 5000
# What both recipes say of where their digits come from.
PARTS = (
    "Seeds 1, 2 and 3 for training, validation and test, whose digits are of disjoint pictures: "
    "the first 55,000 and the last 5,000 of MNIST's training pictures, and its test pictures."
)


class EncodedClip(bytes):
    """The bytes of a film strip that say which clip it is."""

    name: str = "clip"

    @classmethod
    def of(cls, frames: np.ndarray, name: str) -> EncodedClip:
        """Encodes frames, uint8 [frames, side, side]."""
        encoded = cls(film_strip(frames))
        encoded.name = name
        return encoded

    def __str__(self):
        return self.name

    def __format__(self, spec):
        return format(self.name, spec)


def mnist_pictures(split: str) -> list[Labelled]:
    """Returns the pictures of "train", "validation" or "test", which have none in common."""
    part = "t10k" if split == "test" else "train"
    names = [f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"]
    found = datasets.fetch("mnist", names)
    images, labels = read_images(*(found[name] for name in names))
    pictures = [Labelled(p, str(k)) for p, k in zip(images, labels, strict=True)]
    if split == "test":
        return pictures
    cut = len(pictures) - HELD_OUT_PICTURES
    return pictures[cut:] if split == "validation" else pictures[:cut]


def padded_frames(clips: list) -> dict[str, np.ndarray]:
    """Returns `frames` uint8 [B, T, HEIGHT, WIDTH], zero past an end, and `length` int [B]."""
    lengths = np.array([len(clip.frames) for clip in clips], "int32")
    frames = np.zeros((len(clips), lengths.max(), HEIGHT, WIDTH), "uint8")
    for row, clip in enumerate(clips):
        frames[row, : len(clip.frames)] = clip.frames
    return {"frames": frames, "length": lengths}


def frame_features(columns) -> tuple[dict, tf.Tensor]:
    """Returns the model's inputs of a batch, and its longest clip's frames.

    Rows of like length go together; what is padding in all of them is cut off.
    """
    longest = tf.reduce_max(columns["length"])
    frames = columns["frames"][:, :longest]
    flat = tf.reshape(frames, [tf.shape(frames)[0], longest, HEIGHT * WIDTH])
    return {"features": tf.cast(flat, tf.float32) / 255.0, "length": columns["length"]}, longest


def clip_bytes_of(given) -> bytes:
    """Returns the bytes of a clip that a person names by its path."""
    return given if isinstance(given, bytes) else encoded_clip(given)
