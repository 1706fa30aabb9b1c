"""Recordings of spoken digits, named DIGIT_SPEAKER_INDEX.wav."""

import io
import re
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recipes.datasets.reading import read_bytes
from zoo.errors import InputError

NAME = re.compile(r"(\d)_([^_]+)_(\d+)\.wav")
# The published split: the first five recordings of each digit by each speaker are for the test.
TEST_INDICES = range(5)


@dataclass(frozen=True, eq=False)
class Recording:
    """One spoken digit.

    Args:
        digit: What was said.
        speaker: Who said it.
        index: Which of the speaker's recordings of this digit it is, from 0.
        samples: The sound, float32 [samples] from -1 to 1.
        rate: Samples a second.
    """

    digit: int
    speaker: str
    index: int
    samples: np.ndarray
    rate: int

    @property
    def is_test(self) -> bool:
        """Whether the recording belongs to the published test split."""
        return self.index in TEST_INDICES


def read_wav(path: str | Path) -> tuple[np.ndarray, int]:
    """Reads a WAV file of one channel with 16 bits a sample.

    Returns:
        The samples, float32 [samples] from -1 to 1, and how many there are a second.

    Raises:
        InputError: The file is not such a WAV file, or is cut.
    """
    try:
        with wave.open(io.BytesIO(read_bytes(path))) as sound:
            form = (sound.getnchannels(), 8 * sound.getsampwidth())
            frames = sound.readframes(sound.getnframes())
            expected, rate = sound.getnframes(), sound.getframerate()
    except (wave.Error, EOFError) as error:
        reason = str(error) or "it ends too soon"
        raise InputError(f"{path}: not a whole WAV file: {reason}") from None
    if form != (1, 16):
        found = f"{form[0]} channel(s) with {form[1]} bits a sample"
        raise InputError(f"{path}: {found}, expected 1 channel with 16 bits")
    if len(frames) != 2 * expected:
        found = f"{len(frames) // 2:,} samples of {expected:,}"
        raise InputError(f"{path}: not a whole WAV file: {found}")
    return np.frombuffer(frames, "<i2").astype(np.float32) / 32768.0, rate


def read_recording(path: str | Path) -> Recording:
    """Reads one recording; `InputError` where the name or the sound is not of this format."""
    named = NAME.fullmatch(Path(path).name)
    if not named:
        raise InputError(f"{path}: expected a name such as 7_jackson_32.wav")
    samples, rate = read_wav(path)
    return Recording(int(named[1]), named[2], int(named[3]), samples, rate)
