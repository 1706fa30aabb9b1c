"""From a waveform to the logarithm of its spectrum's magnitudes and back, inside the graph."""

import numpy as np
import tensorflow as tf

FRAME, STEP = 256, 64
BINS = FRAME // 2 + 1
# Below this a magnitude counts as silence. A Hann frame of white noise at the loudness that
# `log_magnitudes` brings waveforms to has magnitudes near 1.
FLOOR = 1e-2
LOUDNESS = 0.1
# What brings the logarithms near mean zero and variance one.
SHIFT, SCALE = 1.5, 2.0


def log_magnitudes(waveform: tf.Tensor) -> tf.Tensor:
    """Returns a row's spectrum: float [S] -> float32 [ceil(S / 64), 129].

    The waveform is first brought to one loudness. y = (log(|STFT| + floor) + shift) / scale, frames
    of 256 samples under a Hann window, one each 64 samples.
    """
    waveform = tf.cast(waveform, tf.float32)
    level = tf.sqrt(tf.reduce_mean(waveform**2))
    waveform = tf.math.divide_no_nan(waveform * LOUDNESS, level)
    # The first frame is centred near the first sample, as the last one near the last.
    waveform = tf.pad(waveform, [[FRAME // 2, FRAME // 2]])
    count = (tf.shape(waveform)[0] - FRAME) // STEP + 1
    spectrum = tf.signal.stft(waveform, FRAME, STEP, FRAME)[:count]
    return (tf.math.log(tf.abs(spectrum) + FLOOR) + SHIFT) / SCALE


def griffin_lim(
    frames: tf.Tensor, length: tf.Tensor, rounds: int = 40, sharpness: float = 1.2
) -> tf.Tensor:
    """Finds a waveform with given magnitudes (Griffin and Lim 1984).

    Again and again, the phases are taken over from the spectrum of the waveform that they make,
    with the momentum of Perraudin, Balazs and Sondergaard 2013. The first phases are those of
    steady tones, so that a row's answer does not depend on the rows beside it.

    Args:
        frames: float [B, T, 129], as `log_magnitudes` gives them.
        length: int [B], the real frames of each row.
        rounds: How often. Defaults to 40.
        sharpness: A power that magnitudes are raised to. Means of many spectra are too flat, and
            more than 1 makes up for it. Defaults to 1.2.

    Returns:
        The waveforms, float32 [B, 64 T], zeros past 64 samples for each real frame.
    """
    magnitudes = tf.maximum(tf.exp(frames * SCALE - SHIFT) - FLOOR, 0.0) ** sharpness
    real = tf.sequence_mask(length, tf.shape(frames)[1])
    magnitudes = tf.where(real[..., None], magnitudes, 0.0)
    steps = tf.cast(tf.range(tf.shape(frames)[1]), tf.float32)
    start = np.random.default_rng(0).uniform(0, 2 * np.pi, BINS).astype("float32")
    advance = (2 * np.pi * STEP / FRAME * np.arange(BINS)).astype("float32")
    phases = start + steps[:, None] * advance
    first = tf.complex(magnitudes * tf.cos(phases), magnitudes * tf.sin(phases))

    def improve(_, guess, before):
        spectrum = tf.signal.stft(_waveform(guess), FRAME, STEP, FRAME)
        spectrum = tf.where(real[..., None], spectrum, 0.0)
        moved = spectrum + 0.99 * (spectrum - before)
        size = tf.maximum(tf.abs(moved), 1e-8)
        return _ + 1, tf.cast(magnitudes / size, tf.complex64) * moved, spectrum

    _, guess, _ = tf.while_loop(
        lambda done, guess, before: done < rounds,
        improve,
        (tf.constant(0), first, tf.zeros_like(first)),
    )
    samples = _waveform(guess)[:, FRAME // 2 :][:, : STEP * tf.shape(frames)[1]]
    kept = tf.sequence_mask(length * STEP, tf.shape(samples)[1])
    return tf.where(kept, samples, 0.0)


def _waveform(spectrum):
    return tf.signal.inverse_stft(
        spectrum, FRAME, STEP, FRAME, window_fn=tf.signal.inverse_stft_window_fn(STEP)
    )
