"""Clips of one's own with one label each: an .npz file, or a folder with one folder a label."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

import zoo
from recipes.datasets.arrays import read_arrays
from recipes.datasets.clips import checked_clips, clip_frames, encoded_clip
from zoo.deferred import tf
from zoo.errors import InputError

ENDINGS = (".gif", ".png", ".jpg", ".jpeg", ".npy")
FORMAT = (
    "a folder with one folder a label, of clips: animated GIF, PNG or JPEG with square frames "
    "below each other, or .npy; or an .npz file with clips (uint8 [count, frames, height, width]), "
    "labels ([count], numbers or text) and, where clips are padded at their end, lengths ([count])"
)


class LabelledClip(NamedTuple):
    """Frames, uint8 [T, height, width] with 0 for the background, and the clip's label."""

    frames: np.ndarray
    label: str


def read_labelled_clips(path: Path, height: int, width: int) -> list[LabelledClip]:
    """Reads a person's clips and brings their frames to a size.

    Args:
        path: An .npz file or a folder.
        height, width: Sides of the result; frames of this size keep their pixels.

    Returns:
        The clips, in the order of the file or of the files' names.

    Raises:
        InputError: there is none, one cannot be read, or all have one label; the line names it.
    """
    path = Path(path)
    clips = _from_folder(path, height, width) if path.is_dir() else _from_file(path, height, width)
    labels = {clip.label for clip in clips}
    if len(labels) < 2:
        raise InputError(f"{path}: {len(labels)} different labels; expected 2 or more")
    return clips


def _from_folder(path, height, width):
    clips = []
    for folder in sorted(part for part in path.iterdir() if part.is_dir()):
        for file in sorted(folder.iterdir()):
            if file.suffix.lower() in ENDINGS:
                frames = frames_of(encoded_clip(file), str(file), height, width)
                clips.append(LabelledClip(frames, folder.name))
    if not clips:
        raise InputError(f"{path}: no clips in it; expected {FORMAT}")
    return clips


def frames_of(encoded: bytes, name: str, height: int, width: int) -> np.ndarray:
    """Decodes a clip into frames of a size; raises `InputError` where it has none."""
    try:
        return zoo.images.standardise_clip(zoo.images.decode_clip(encoded), height, width).numpy()
    except tf.errors.InvalidArgumentError:
        raise InputError(
            f"{name}: a still picture wider than high holds no frame; expected an animated GIF, or "
            "square frames below each other"
        ) from None


def _from_file(path, height, width):
    arrays = read_arrays(path, ("clips", "labels"))
    clips, lengths = checked_clips(path, arrays)
    labels = arrays["labels"]
    if labels.shape != clips.shape[:1]:
        raise InputError(
            f"{path}: labels has the shape {list(labels.shape)}; expected [{len(clips)}], one a "
            "clip"
        )
    frames = clip_frames(clips, lengths, height, width)
    return [
        LabelledClip(made, str(label)) for made, label in zip(frames, labels.tolist(), strict=True)
    ]
