"""WAV recordings of spoken digits."""

import io
import wave

import numpy as np
import pytest

from recipes.datasets.spoken_digits import read_recording, read_wav

SAMPLES = np.array([0, 1, -1, 16384, -32768, 32767], "<i2")


def sound(channels=1, width=2, rate=8000) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(SAMPLES.tobytes())
    return content.getvalue()


def test_reads_samples_and_rate(write):
    samples, rate = read_wav(write(sound(rate=16000)))
    assert samples.dtype == np.float32 and rate == 16000
    expected = [0.0, 2**-15, -(2**-15), 0.5, -1.0, 1 - 2**-15]
    np.testing.assert_array_equal(samples, np.array(expected, np.float32))


@pytest.mark.parametrize(("index", "is_test"), [(0, True), (4, True), (5, False), (49, False)])
def test_the_name_says_what_and_which_split(write, index, is_test):
    recording = read_recording(write(sound(), f"7_jackson_{index}.wav"))
    assert (recording.digit, recording.speaker, recording.index) == (7, "jackson", index)
    assert recording.is_test is is_test and recording.rate == 8000
    assert recording.samples.shape == (6,)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (sound(channels=2), ": 2 channel(s) with 16 bits a sample, expected 1 channel with 16"),
        (sound(width=1), ": 1 channel(s) with 8 bits a sample, expected"),
        (sound()[:-3], ": not a whole WAV file: "),
        (sound()[:20], ": not a whole WAV file: "),
        (b"", ": not a whole WAV file: it ends too soon"),
        (b"OggS" * 9, ": not a whole WAV file: "),
    ],
)
def test_names_what_is_wrong(write, told, content, message):
    told(read_wav, write(content), message)


def test_names_another_name(write, told):
    told(read_recording, write(sound(), "seven.wav"), ": expected a name such as 7_jackson_32.wav")
