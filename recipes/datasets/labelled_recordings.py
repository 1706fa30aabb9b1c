"""A person's own recordings: a folder of WAV files for each label."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recipes.datasets.spoken_digits import read_wav
from zoo.errors import InputError


@dataclass(frozen=True, eq=False)
class LabelledRecording:
    """One recording and what is heard in it.

    Args:
        name: To call it by: its path below the data's folder.
        label: The name of its class.
        samples: The sound, float32 [samples] from -1 to 1; one or more of them.
        rate: Samples a second.
        speaker: Who speaks, where that is known.
    """

    name: str
    label: str
    samples: np.ndarray
    rate: int
    speaker: str | None = None


def read_labelled_folder(folder: str | Path) -> list[LabelledRecording]:
    """Reads FOLDER/LABEL/ANYTHING.wav for every label, in the order of the names.

    Other files are passed over. All recordings have one sampling rate, that of the first.

    Raises:
        InputError: There is no such folder, it has fewer than two labels with recordings, a
            recording is empty or of another rate, or as for `read_wav`.

    Example:

    >>> recordings = read_labelled_folder("commands")  # doctest: +SKIP
    >>> recordings[0].label, recordings[0].rate  # doctest: +SKIP
    ('left', 16000)
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: expected a folder that holds a folder of WAV files a label")
    found = []
    for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
        for path in sorted(p for p in inner.iterdir() if p.suffix.lower() == ".wav"):
            samples, rate = read_sound(path)
            if found and rate != found[0].rate:
                raise InputError(
                    f"{path}: {rate} samples a second, but {folder / found[0].name} has "
                    f"{found[0].rate}; bring all to one rate"
                )
            found.append(LabelledRecording(f"{inner.name}/{path.name}", inner.name, samples, rate))
    labels = {recording.label for recording in found}
    if len(labels) < 2:
        raise InputError(
            f"{folder}: WAV files of {len(labels)} label(s); expected two labels or more, each a "
            f"folder of WAV files"
        )
    return found


def read_sound(path: str | Path) -> tuple[np.ndarray, int]:
    """Reads a WAV file by `read_wav`; one without a sample is an `InputError` too."""
    samples, rate = read_wav(path)
    if not len(samples):
        raise InputError(f"{path}: the recording is empty; expected one sample or more")
    return samples, rate


def padded_sounds(examples) -> dict[str, np.ndarray]:
    """Puts recordings, which have `samples` and a `rate`, into a padded batch with its lengths."""
    waveform = np.zeros([len(examples), max(len(e.samples) for e in examples)], "float32")
    for row, example in zip(waveform, examples, strict=True):
        row[: len(example.samples)] = example.samples
    return {
        "waveform": waveform,
        "length": np.array([len(example.samples) for example in examples], "int32"),
        "sample_rate": np.array([example.rate for example in examples], "int32"),
    }
