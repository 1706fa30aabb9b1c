"""What the recipes of spoken digits share: the public recordings, cut into splits."""

import io
import wave
from pathlib import Path

import numpy as np

from recipes import datasets
from recipes.datasets.labelled_recordings import LabelledRecording
from recipes.datasets.spoken_digits import NAME, TEST_INDICES, read_recording
from zoo.errors import unknown_name

DATASET = "free-spoken-digit-dataset"
LABELS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")


def public_recordings(
    split: str, validation_recordings: int, held_out_speaker: str | None = None
) -> list[LabelledRecording]:
    """Reads a split of the public recordings.

    Args:
        split: part to read: "train", "validation" or "test".
        validation_recordings: recordings of each digit by each speaker that are held out.
        held_out_speaker: speaker whose recordings are validation and test alone; None for none.

    Raises:
        InputError: the speaker is unknown, or a file cannot be had.
    """
    if held_out_speaker not in (None, *SPEAKERS):
        raise unknown_name("speaker", held_out_speaker, SPEAKERS)
    wanted = [
        file.name
        for file in datasets.get(DATASET).files
        if file.name.endswith(".wav")
        and split_of(file.name, validation_recordings, held_out_speaker) == split
    ]
    paths = datasets.fetch(DATASET, wanted)
    found = (read_recording(paths[name]) for name in wanted)
    return [
        LabelledRecording(
            f"{one.digit}_{one.speaker}_{one.index}.wav",
            LABELS[one.digit],
            one.samples,
            one.rate,
            one.speaker,
        )
        for one in found
    ]


def split_of(name: str, validation_recordings: int, held_out_speaker: str | None) -> str:
    """Which split a public recording is in: by its index, or by its speaker."""
    found = NAME.fullmatch(Path(name).name)
    speaker, index = found[2], int(found[3])
    if held_out_speaker is not None and speaker != held_out_speaker:
        return "none" if index in TEST_INDICES else "train"
    if index in TEST_INDICES:
        return "test"
    if held_out_speaker is not None:
        return "validation"
    first = TEST_INDICES.stop
    return "validation" if index < first + validation_recordings else "train"


def _wav_bytes(samples: np.ndarray, rate: int = 8000) -> bytes:
    """Returns float samples [N] from -1 to 1 as the bytes of a WAV file of 16 bits a sample."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return content.getvalue()


def warmup_requests() -> dict[str, dict[str, np.ndarray]]:
    """Returns a request for each signature that reads sound: signature -> inputs."""
    tone = 0.5 * np.sin(np.arange(4000) * 0.3).astype("float32")
    padded = np.stack([tone, np.pad(tone[:3000], [0, 1000])])
    samples = {"waveform": padded, "length": np.array([4000, 3000], "int32")}
    return {"serving_default": {"wav": np.array([_wav_bytes(tone)], object)}, "waveform": samples}
