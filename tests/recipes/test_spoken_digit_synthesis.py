"""spoken_digit_synthesis: a run on a person's own folder of sounds."""

import io
import wave

import numpy as np
import pytest

import recipes

TINY = {"units": 8, "num_layers": 1, "num_waves": 2, "batch_size": 4, "warmup_steps": 0}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("synthesis")
    for label, pitch in (("low", 300), ("high", 900)):
        (folder / "own" / label).mkdir(parents=True)
        for number in range(7):
            samples = np.sin(np.arange(900 + 40 * number) * 2 * np.pi * pitch / 8000)
            with wave.open(str(folder / "own" / label / f"{number}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(8000)
                file.writeframes((samples * 20000).astype("<i2").tobytes())
    return recipes.get("spoken_digit_synthesis").fit(
        folder / "run", data=folder / "own", steps=4, **TINY
    )


@pytest.mark.slow
def test_sounds_are_as_long_as_asked_or_as_usual(run):
    answer = run.answers(label=["low", "high", "none"], seconds=[0.0, 0.2, 0.2])
    usual = run.assets.usual_frames[run.assets.labels.index("low")][0]
    assert answer["length"].tolist() == [64 * usual, 1600, 0]
    assert answer["label_known"].tolist() == [True, True, False]
    for row, length in enumerate(answer["length"]):
        assert np.all(answer["waveform"][row, length:] == 0)
        with wave.open(io.BytesIO(answer["wav_bytes"][row])) as file:
            assert (file.getnframes(), file.getframerate()) == (length, 8000)
    assert np.max(np.abs(answer["waveform"][0])) == pytest.approx(0.9, abs=1e-5)


@pytest.mark.slow
def test_a_row_alone_is_the_row_in_a_batch(run):
    together = run.answers(label=["low", "high"], seconds=[0.1, 0.3])
    alone = run.answers(label=["low"], seconds=[0.1])
    length = alone["length"][0]
    np.testing.assert_allclose(
        together["waveform"][0, :length], alone["waveform"][0, :length], atol=1e-3
    )


@pytest.mark.slow
def test_measures_without_a_recogniser_of_such_words(run):
    measured = run.recipe.measure(run.settings, run.answers, run.examples("validation"))
    assert 0 < measured["frame_error"] < 5
    plain = run.recipe.baselines(run.settings, run.examples("train"), run.examples("test"))
    assert 0 < plain["the usual frame"]["frame_error"] < 5


@pytest.mark.slow
def test_a_sound_is_written(run, tmp_path):
    answer = run.answers(**run.recipe.inputs(["low"]))
    assert run.recipe.write(tmp_path / "low.wav", "low", answer)
    with wave.open(str(tmp_path / "low.wav")) as file:
        assert file.getnframes() == answer["length"][0]
    assert not run.recipe.write(tmp_path / "low.png", "low", answer)
