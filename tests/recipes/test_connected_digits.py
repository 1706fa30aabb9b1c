"""connected_digits: how utterances are made, and a run on a person's own folder of words."""

import wave

import numpy as np
import pytest

import recipes
from recipes.datasets.connected_digits import connected_digits
from recipes.datasets.labelled_recordings import LabelledRecording

TINY = {
    "units": 6,
    "embedding_dim": 4,
    "encoder_layers": 1,
    "attention_units": 4,
    "batch_size": 4,
    "warmup_steps": 0,
    "train_utterances": 12,
    "validation_utterances": 4,
    "test_utterances": 4,
    "beam_width": 2,
    "num_results": 2,
}


def recordings():
    """Words of steady tones: the pitch says the word, the length the speaker."""
    found = []
    for speaker, length in (("ann", 700), ("bob", 1100)):
        for label, pitch in (("low", 300), ("high", 900)):
            samples = np.sin(np.arange(length) * 2 * np.pi * pitch / 8000).astype("float32")
            found.append(LabelledRecording(f"{label} {speaker}", label, samples, 8000, speaker))
    return found


def test_an_utterance_is_the_words_of_one_speaker():
    utterances = connected_digits(recordings(), 40, seed=3)
    assert {len(one.text.split()) for one in utterances} == {2, 3, 4, 5}
    assert {one.speaker for one in utterances} == {"ann", "bob"}
    for one in utterances:
        words = one.text.split()
        spoken = len(words) * (700 if one.speaker == "ann" else 1100)
        assert spoken <= len(one.samples) <= spoken + (len(words) + 1) * 1200
        assert np.max(np.abs(one.samples)) <= 1
        # The pitch of the middle of the first word.
        start = int(np.argmax(np.abs(one.samples) > 0.05))
        spectrum = np.abs(np.fft.rfft(one.samples[start + 100 : start + 500]))
        pitch = np.argmax(spectrum) * 8000 / 400
        assert (pitch > 600) == (words[0] == "high")


def test_utterances_are_a_function_of_the_seed_and_their_place():
    few, many = (connected_digits(recordings(), count, seed=1) for count in (3, 6))
    for a, b in zip(few, many, strict=False):
        assert a.text == b.text and np.array_equal(a.samples, b.samples)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("connected")
    for one in recordings():
        (folder / "own" / one.label).mkdir(parents=True, exist_ok=True)
        for copy in range(4):
            path = folder / "own" / one.label / f"{one.speaker}{copy}.wav"
            with wave.open(str(path), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(8000)
                file.writeframes((one.samples * 20000).astype("<i2").tobytes())
    return recipes.get("connected_digits").fit(folder / "run", data=folder / "own", steps=3, **TINY)


@pytest.mark.slow
def test_samples_files_and_silence_are_answered(run, tmp_path):
    (one,) = connected_digits(recordings(), 1, seed=7)
    samples = (one.samples * 32767).astype("<i2")
    path = tmp_path / "utterance.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.tobytes())
    padded = np.zeros([2, len(samples) + 500], "float32")
    padded[0, : len(samples)] = samples / 32768
    length = np.array([len(samples), len(samples)], "int32")
    given = run.answers(waveform=padded, length=length)
    files = run.answers(wav=[path.read_bytes()])
    assert given["text"][0] == files["text"][0]
    np.testing.assert_allclose(given["n_best_scores"][0], files["n_best_scores"][0], atol=1e-3)
    assert given["text"][1] == b"" and given["num_frames"][1] == 0
    typed = run.answers(**run.recipe.inputs([str(path)]))
    assert typed["text"][0] == files["text"][0]
    words = len(given["text"][0].split())
    np.testing.assert_allclose(given["alignment"][0, :words].sum(-1), 1, atol=1e-4)


@pytest.mark.slow
def test_measures(run):
    measured = run.evaluate("validation")
    assert measured["utterances"] == 4
    assert measured["word_error_rate"] >= 0
    assert "word_error_rate_unseen_speaker" not in measured
