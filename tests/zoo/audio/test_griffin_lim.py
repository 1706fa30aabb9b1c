"""Griffin-Lim against the sound that the magnitudes were taken of."""

import numpy as np
import tensorflow as tf

from zoo.audio.griffin_lim import BINS, STEP, griffin_lim, log_magnitudes

RATE = 8000


def glide(samples: int) -> np.ndarray:
    """A tone that rises from 300 to 900 Hz, with its octave, and swells."""
    time = np.arange(samples) / RATE
    phase = 2 * np.pi * (300 * time + 300 * time**2 / time[-1])
    return (np.sin(phase) + 0.4 * np.sin(2 * phase)) * np.sin(np.pi * time / time[-1])


def test_magnitudes_are_numpys_own():
    sound = glide(1000)
    frames = log_magnitudes(tf.constant(sound, tf.float32)).numpy()
    assert frames.shape == (-(-1000 // STEP), BINS)
    scaled = np.pad(sound * 0.1 / np.sqrt(np.mean(sound**2)), 128)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(256) / 256)
    for step in (0, 7, 15):
        spectrum = np.abs(np.fft.rfft(scaled[64 * step : 64 * step + 256] * window))
        np.testing.assert_allclose(frames[step], (np.log(spectrum + 0.01) + 1.5) / 2, atol=2e-3)


def test_the_waveform_has_the_magnitudes_again():
    frames = log_magnitudes(tf.constant(glide(4000), tf.float32))
    made = griffin_lim(frames[None], tf.constant([frames.shape[0]]), sharpness=1.0)[0]
    again = log_magnitudes(made[:4000])
    count = min(frames.shape[0], again.shape[0])
    assert np.mean(np.abs(again[:count] - frames[:count])) < 0.12 * np.std(frames)


def test_padding_and_other_rows_change_nothing():
    frames = log_magnitudes(tf.constant(glide(2000), tf.float32))
    count = frames.shape[0]
    alone = griffin_lim(frames[None], tf.constant([count]), rounds=5)[0]
    padded = tf.pad(frames, [[0, 9], [0, 0]], constant_values=3.0)
    both = griffin_lim(tf.stack([padded, tf.ones_like(padded)]), tf.constant([count, 0]), rounds=5)
    np.testing.assert_allclose(both[0, : count * STEP], alone, atol=1e-4)
    assert np.all(both[0, count * STEP :].numpy() == 0) and np.all(both[1].numpy() == 0)
