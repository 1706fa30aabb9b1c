"""Log-mel frames against NumPy, and what a gain, padding and short rows do to them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.audio.log_mel import LogMel
from zoo.errors import InputError

RATE, BANDS, WINDOW, STEP, FFT = 8000, 12, 200, 80, 256


def reference(samples: np.ndarray, highest: float = 4000.0) -> np.ndarray:
    """The frames of one row by NumPy alone."""
    samples = samples / np.sqrt(np.mean(samples**2))
    count = -(-len(samples) // STEP)
    padded = np.pad(samples, [0, WINDOW])
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    frames = np.stack([padded[i * STEP : i * STEP + WINDOW] * hann for i in range(count)])
    power = np.abs(np.fft.rfft(frames, FFT)) ** 2
    mel = 1127 * np.log1p(np.fft.rfftfreq(FFT, 1 / RATE) / 700)
    edges = np.linspace(*(1127 * np.log1p(np.array([60, highest]) / 700)), BANDS + 2)
    rise = (mel[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    fall = (edges[2:] - mel[:, None]) / np.diff(edges)[1:]
    bank = np.maximum(0, np.minimum(rise, fall))
    bank[0] = 0  # HTK's bank leaves the constant out
    logs = np.log(power @ bank + 1e-3)
    return (logs - logs.mean(0)) / 3.0


@pytest.fixture(scope="module")
def sound():
    return np.random.default_rng(0).normal(size=1000).astype("float32")


@pytest.fixture(scope="module")
def layer():
    return LogMel(RATE, BANDS)


def test_values_are_those_of_numpy(sound, layer):
    frames, count = layer(sound[None], tf.constant([1000]))
    assert frames.shape == (1, 13, BANDS) and count.numpy() == [13]
    np.testing.assert_allclose(frames[0], reference(sound), atol=2e-3)


def test_a_gain_changes_nothing(sound, layer):
    loud, quiet = (layer(gain * sound[None], tf.constant([1000]))[0] for gain in (1.0, 0.01))
    np.testing.assert_allclose(loud, quiet, atol=1e-4)


def test_padding_is_not_read_and_short_rows_have_frames(sound, layer):
    lengths = [1000, 555, 81, 80, 1, 0]
    rows = np.full([6, 1500], 7.0, "float32")
    for row, length in zip(rows, lengths, strict=True):
        row[:length] = sound[:length]
    frames, count = tf.function(layer)(rows, tf.constant(lengths))
    assert count.numpy().tolist() == [13, 7, 2, 1, 1, 0]
    for row, length in enumerate(lengths[:4]):
        own = -(-length // STEP)
        np.testing.assert_allclose(frames[row, :own], reference(sound[:length]), atol=2e-3)
        assert not np.any(frames[row, own:])
    assert np.all(np.isfinite(frames)) and not np.any(frames[5])


def test_silence_is_zeros(layer):
    assert not np.any(layer(tf.zeros([1, 400]), tf.constant([400]))[0])


def test_without_the_means_of_bands_the_mean_of_all_is_zero(sound):
    whole = LogMel(RATE, BANDS, centre=False)(sound[None], tf.constant([1000]))[0].numpy()
    assert abs(whole.mean()) < 1e-4 and np.abs(whole.mean(1)).max() > 0.01


def test_saved_and_loaded(sound, layer, tmp_path):
    waveform, length = keras.Input([None]), keras.Input([], dtype="int32")
    model = keras.Model([waveform, length], layer(waveform, length)[0])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    given = [sound[None], np.array([900])]
    np.testing.assert_array_equal(model(given), loaded(given))


@pytest.mark.parametrize(
    "wrong", [{"step": 0.03}, {"step": 0.0}, {"highest": 5000.0}, {"lowest": 4000.0}]
)
def test_sizes_that_do_not_fit_are_refused(wrong):
    with pytest.raises(InputError, match="expected") as caught:
        LogMel(RATE, **wrong)
    assert "\n" not in str(caught.value)
