"""Labelled clips of one's own, from an .npz file."""

from pathlib import Path

import numpy as np

import zoo
from recipes.datasets.arrays import read_array, read_arrays
from recipes.datasets.moving_digits import Clip
from recipes.datasets.pictures import checked_picture
from zoo.deferred import tf
from zoo.errors import InputError

FORMAT = (
    "an .npz file with clips (uint8 [count, frames, height, width]), labels ([count, frames], "
    "numbers or text, one a frame) and, where clips are padded at their end, lengths ([count])"
)


def read_clips(path: Path, height: int, width: int) -> list[Clip]:
    """Reads a person's clips and brings their frames to a size.

    Args:
        path: The .npz file.
        height, width: height and width of the result; frames of this size keep their pixels.

    Returns:
        The clips, in the order of the file.

    Raises:
        InputError: the file cannot be read, or its arrays do not fit each other.
    """
    arrays = read_arrays(path, ("clips", "labels"))
    clips, lengths = checked_clips(path, arrays)
    labels = arrays["labels"]
    if labels.shape != clips.shape[:2]:
        raise InputError(
            f"{path}: labels has the shape {list(labels.shape)}; expected "
            f"{list(clips.shape[:2])}, one a frame"
        )
    return [
        Clip(frames, [str(label) for label in row[: len(frames)]])
        for frames, row in zip(
            clip_frames(clips, lengths, height, width), labels.tolist(), strict=True
        )
    ]


def checked_clips(path: Path, arrays: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the clips of a file and the frames of each.

    Raises:
        InputError: they are no clips, or their lengths do not fit.
    """
    clips = arrays["clips"]
    if clips.dtype != np.uint8 or clips.ndim != 4 or 0 in clips.shape:
        raise InputError(
            f"{path}: clips is {clips.dtype} {list(clips.shape)}; expected uint8 "
            f"[count, frames, height, width]"
        )
    lengths = arrays.get("lengths", np.full(len(clips), clips.shape[1]))
    fits = lengths.shape == (len(clips),) and lengths.dtype.kind in "iu"
    if not fits or lengths.min() < 1 or lengths.max() > clips.shape[1]:
        raise InputError(
            f"{path}: lengths must be {len(clips)} whole numbers from 1 to {clips.shape[1]}"
        )
    return clips, lengths


def clip_frames(clips: np.ndarray, lengths: np.ndarray, height: int, width: int) -> list:
    """Returns the real frames of clips, uint8 [count, frames, ...], each clip brought to a size."""
    prepare = tf.function(
        lambda frames: zoo.images.standardise_clip(
            tf.cast(frames, tf.float32) / 255, height, width
        ),
        input_signature=[tf.TensorSpec([None, *clips.shape[2:]], tf.uint8)],
    )
    return [
        prepare(frames[:length]).numpy()
        for frames, length in zip(clips, lengths.tolist(), strict=True)
    ]


def encoded_clip(path: Path) -> bytes:
    """Returns what the model's `clip_bytes` takes of a clip file.

    Args:
        path: A GIF; a PNG or JPEG with square frames below each other; or an .npy file, uint8
            [frames, side, side].

    Raises:
        InputError: it cannot be read, or holds no clip.
    """
    path = Path(path)
    if path.suffix.lower() != ".npy":
        return checked_picture(path)
    return film_strip(read_array(path), str(path))


def film_strip(frames: np.ndarray, name: str = "the clip") -> bytes:
    """Encodes frames, uint8 [frames, side, side], as a PNG of all of them below each other."""
    square = frames.ndim == 3 and frames.shape[1] == frames.shape[2]
    if frames.dtype != np.uint8 or not square or 0 in frames.shape:
        raise InputError(
            f"{name}: {frames.dtype} {list(frames.shape)}; expected a clip, uint8 "
            f"[frames, side, side]"
        )
    return tf.io.encode_png(frames.reshape(-1, frames.shape[2], 1)).numpy()
