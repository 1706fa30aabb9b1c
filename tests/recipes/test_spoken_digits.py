"""spoken_digits from a person's own folder of recordings to answers, on tones that it makes."""

import io
import json
import wave

import keras
import numpy as np
import pytest
import tensorflow as tf

import recipes
from recipes.families.sound import split_of
from zoo.errors import InputError

TINY = {"units": 6, "num_layers": 1, "num_bands": 12, "batch_size": 8, "warmup_steps": 0}
PITCHES = {"low": 400, "high": 1600}


def tone(pitch, seconds=0.15, rate=8000, seed=0):
    sound = np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)
    return 0.5 * sound + 0.01 * np.random.default_rng(seed).normal(size=len(sound))


def wav(samples, rate=8000, channels=1):
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(samples * 32767, channels).astype("<i2").tobytes())
    return content.getvalue()


class BreakOff(keras.callbacks.Callback):
    """Ends a training as Ctrl-C does, after so many steps."""

    def __init__(self, steps):
        super().__init__()
        self.left = steps

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    base = tmp_path_factory.mktemp("tones")
    for label, pitch in PITCHES.items():
        (base / label).mkdir()
        for number in range(10):
            sound = tone(pitch * (1 + number / 100), 0.1 + number / 200, seed=number)
            (base / label / f"{number}.wav").write_bytes(wav(sound))
    return base


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    where = tmp_path_factory.mktemp("run") / "run"
    fit = recipes.get("spoken_digits").fit
    return fit(where, data=folder, steps=2, round_steps=1, **TINY)


def test_splits_share_no_recording_and_lose_none(folder):
    recipe = recipes.get("spoken_digits").recipe
    splits = ("train", "validation", "test")
    names = [{r.name for r in recipe.read(recipe.settings, folder, s)} for s in splits]
    assert [len(part) for part in names] == [16, 2, 2] and len(set.union(*names)) == 20


def test_it_answers_files_with_labels_and_chances(run, tmp_path):
    paths = []
    for number, sound in enumerate([tone(400), tone(1600, 0.3), np.zeros(500)]):
        paths.append(tmp_path / f"{number}.wav")
        paths[-1].write_bytes(wav(sound))
    answer = recipes.predict(run, list(map(str, paths)))
    assert {*answer["label"][:2]} <= {b"low", b"high"} and answer["label"][2] == b""
    np.testing.assert_allclose(answer["probabilities"].sum(1), [1, 1, 0], atol=1e-5)
    count = answer["num_frames"][0]
    assert answer["log_mel"].shape[2] == 12 and count == 10  # 1,200 samples, 128 a step
    np.testing.assert_allclose(answer["attention"][0, :count].sum(), 1, atol=1e-5)
    assert "nothing is heard" in recipes.lines(run, list(map(str, paths)), answer)[2]


def test_the_same_sound_at_another_rate_or_as_a_file_is_the_same(run):
    own, other = tone(400, 0.2), tone(400, 0.2, 16000)
    plain = run.answers(waveform=own[None], length=[len(own)])
    double = run.answers(waveform=other[None], length=[len(other)], sample_rate=16000)
    files = run.answers(wav=[wav(own), wav(own, channels=2), wav(other, 16000)])
    assert files["num_frames"].tolist() == [13, 13, 13] == double["num_frames"].tolist() * 3
    for row in range(3):
        found, wanted = files["probabilities"][row], plain["probabilities"][0]
        np.testing.assert_allclose(found, wanted, atol=0.02 if row == 2 else 2e-3)
    np.testing.assert_allclose(double["probabilities"], plain["probabilities"], atol=0.02)


def test_bytes_that_are_no_wav_are_refused(run):
    with pytest.raises(tf.errors.InvalidArgumentError, match="RIFF"):
        run.answers(wav=[b"not a recording"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a whole WAV"),
        (wav(np.zeros(0)), "empty"),
        (wav(np.zeros(9), channels=2), "2 channel"),
    ],
)
def test_a_bad_file_is_named_in_one_line(run, tmp_path, content, message):
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        recipes.predict(run, [str(path)])
    assert "bad.wav" in str(caught.value) and "\n" not in str(caught.value)


def test_it_measures_itself_and_the_nearest_recording(run):
    measured = run.evaluate("validation")
    assert measured["recordings"] == 2 and 0 <= measured["accuracy"] <= 1
    kept = json.loads((run.folder.path / "metrics.json").read_text())
    # Two tones, two octaves apart: the nearest recording cannot miss them.
    assert kept["baselines"]["validation"]["nearest recording"]["accuracy"] == 1.0


def test_public_recordings_are_split_as_published():
    names = [f"recordings/7_{who}_{i}.wav" for who in ("theo", "lucas") for i in range(50)]
    splits = [split_of(name, 5, None) for name in names]
    assert splits == 2 * (["test"] * 5 + ["validation"] * 5 + ["train"] * 40)
    alone = [split_of(name, 5, "theo") for name in names]
    assert alone == ["test"] * 5 + ["validation"] * 45 + ["none"] * 5 + ["train"] * 45


@pytest.mark.slow
def test_it_learns_exports_and_draws(folder, tmp_path):
    import zoo
    from recipes.workbench.exporting import export
    from recipes.workbench.plots import plot

    fit = recipes.get("spoken_digits").fit
    settings = {**TINY, "learning_rate": 0.01, "ema_momentum": None, "round_steps": 20}
    run = fit(tmp_path / "run", data=folder, steps=60, **settings)
    assert run.evaluate("test")["accuracy"] == 1.0
    export(run, tmp_path)
    model = zoo.load(tmp_path / "spoken_digits")
    files = [wav(tone(420)), wav(tone(1500))]
    found, own = model(wav=files), run.answers(wav=files)
    assert found["label"].tolist() == [b"low", b"high"]
    for name in ("probabilities", "attention", "log_mel"):
        np.testing.assert_allclose(found[name], own[name], atol=1e-5)
    given = str(folder / "low" / "0.wav")
    picture = plot(str(tmp_path / "spoken_digits"), given, tmp_path / "p.png")
    assert picture.stat().st_size > 5000
    # Broken off in the second of three rounds and resumed: the draws of augmentation go on too.
    recipe = run.recipe
    cut = recipes.Run.start(recipe, tmp_path / "cut", run.settings, data=folder, steps=60)
    with pytest.raises(KeyboardInterrupt):
        cut.fit(callbacks=(BreakOff(30),))
    again = fit(tmp_path / "cut", resume=True)
    for a, b in zip(run.model.weights, again.model.weights, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=a.path)
