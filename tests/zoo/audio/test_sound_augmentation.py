"""What augmentation does in training, and that it does nothing elsewhere."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.audio.spectrogram_masking import SpectrogramMasking
from zoo.audio.waveform_augmentation import WaveformAugmentation
from zoo.errors import InputError

RATE = 8000
LENGTH = np.array([4000, 2000], "int32")


@pytest.fixture(scope="module")
def tone():
    return np.tile(np.sin(2 * np.pi * 500 * np.arange(4000) / RATE), [2, 1]).astype("float32")


def test_outside_of_training_nothing_changes(tone):
    waveform, length = WaveformAugmentation(seed=0)(tone, LENGTH)
    np.testing.assert_array_equal(waveform, tone)
    np.testing.assert_array_equal(length, LENGTH)
    frames = tf.ones([2, 5, 4])
    assert np.all(SpectrogramMasking(seed=0)(frames, tf.constant([5, 3])) == 1)


def test_speed_moves_the_pitch_and_the_length_together(tone):
    layer = WaveformAugmentation(speed=0.2, silence=0, quietest=200, loudest=199, seed=3)
    waveform, length = layer(tone, LENGTH, training=True)
    assert np.all(np.abs(length / LENGTH - 1) < 0.26) and len(set(length.numpy() / LENGTH)) == 2
    for row in range(2):
        own = waveform[row, : length[row]].numpy()
        spectrum = np.abs(np.fft.rfft(own * np.hanning(len(own)), 1 << 16))
        pitch = np.argmax(spectrum) * RATE / (1 << 16)
        assert pitch == pytest.approx(500 * LENGTH[row] / float(length[row]), rel=0.002)


def test_silence_comes_before_and_behind_and_noise_is_as_loud_as_asked(tone):
    layer = WaveformAugmentation(speed=0.0, silence=900, quietest=20.01, loudest=20.0, seed=1)
    waveform, length = layer(tone, LENGTH, training=True)
    assert np.all(length > LENGTH) and np.all(length <= LENGTH + 1800)
    for row in range(2):
        own = waveform[row, : length[row]].numpy()
        spoken = np.flatnonzero(np.abs(own) > 0.5)
        assert 4000 >= spoken[-1] - spoken[0] >= LENGTH[row] - 20
        quiet = np.concatenate([own[: spoken[0] - 5], own[spoken[-1] + 5 :]])
        # 20 decibels below a sine of amplitude 1, whose root mean square is 0.707.
        assert np.std(quiet) == pytest.approx(0.0707, rel=0.15)


def test_the_seed_says_what_is_drawn_and_every_step_draws_anew(tone):
    def draws(seed):
        layer = WaveformAugmentation(seed=seed)
        return [layer(tone, LENGTH, training=True)[0].numpy() for _ in range(2)]

    first, again, other = draws(7), draws(7), draws(8)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], first[1]) and not np.array_equal(first[0], other[0])


def test_the_draws_are_part_of_the_models_state():
    given, length = keras.Input([None]), keras.Input([], dtype="int32")
    heard, _ = WaveformAugmentation(seed=0)(given, length)
    model = keras.Model([given, length], heard)
    assert len(model.variables) == 1  # the generator's: a checkpoint holds it


def test_stretches_of_frames_and_bands_are_hidden_within_their_bounds():
    layer = SpectrogramMasking(time_share=0.3, band_share=0.25, stretches=1, seed=0)
    frames = tf.ones([200, 40, 16])
    length = tf.constant([40] * 100 + [20] * 100)
    hidden = layer(frames, length, training=True).numpy() == 0
    steps, bands = hidden.all(2), hidden.all(1)
    assert np.array_equal(hidden, steps[:, :, None] | bands[:, None])
    assert steps.sum(1)[:100].max() in (11, 12) and steps.sum(1)[100:].max() in (5, 6)
    assert not steps[100:, 20:].any() and bands.sum(1).max() in (3, 4)
    for row in (*steps, *bands):
        assert np.sum(np.diff(np.pad(row.astype(int), 1)) == 1) <= 1  # one stretch


@pytest.mark.parametrize(
    ("layer", "wrong"),
    [
        (WaveformAugmentation, {"speed": 1.0}),
        (WaveformAugmentation, {"silence": -1}),
        (SpectrogramMasking, {"band_share": 1.5}),
    ],
)
def test_wrong_shares_are_refused(layer, wrong):
    with pytest.raises(InputError, match="expected a share"):
        layer(**wrong)
