"""A folder of recordings by label, and what is said of one that is not."""

import wave

import numpy as np
import pytest

from recipes.datasets.labelled_recordings import read_labelled_folder
from zoo.errors import InputError


def write(path, samples, rate=8000, channels=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.asarray(samples, "<i2").tobytes())


def test_recordings_come_in_the_order_of_names(tmp_path):
    write(tmp_path / "yes" / "b.wav", [3, -16384])
    write(tmp_path / "yes" / "a.WAV", [1])
    write(tmp_path / "no" / "z.wav", [2])
    (tmp_path / "no" / "notes.txt").write_text("passed over")
    found = read_labelled_folder(tmp_path)
    assert [r.name for r in found] == ["no/z.wav", "yes/a.WAV", "yes/b.wav"]
    assert [r.label for r in found] == ["no", "yes", "yes"] and found[0].rate == 8000
    np.testing.assert_allclose(found[2].samples, [3 / 32768, -0.5])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda p: write(p / "no" / "a.wav", [1], rate=16000), "16000 samples a second, but"),
        (lambda p: write(p / "no" / "a.wav", []), "a.wav: the recording is empty"),
        (lambda p: write(p / "no" / "a.wav", [1, 1], channels=2), "expected 1 channel"),
        (lambda p: None, "WAV files of 1 label"),
        (lambda p: (p / "no").mkdir() or (p / "no" / "a.wav").write_bytes(b"x"), "not a whole WAV"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, wrong, message):
    write(tmp_path / "a_first" / "a.wav", [1])
    wrong(tmp_path)
    with pytest.raises(InputError, match=message) as caught:
        read_labelled_folder(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_is_expected(tmp_path):
    with pytest.raises(InputError, match="expected a folder"):
        read_labelled_folder(tmp_path / "none")
