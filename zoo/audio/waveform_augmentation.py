"""Other recordings of the same words: faster, slower, later, noisier; in training only."""

import keras
import tensorflow as tf

from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo")
class WaveformAugmentation(keras.layers.Layer):
    """Changes each row's speed, start, end and noise at random in training; hands it on otherwise.

        y_n = x[(n - d) r] + e_n,   x at broken places by linear interpolation, zero outside

    r is a row's speed (tempo and pitch together, as from another speaker; Ko et al. 2015, "Audio
    augmentation for speech recognition"), d its delay, e white noise. The numbers come from a seed
    generator that is part of the model's state: a run that is resumed draws what the uninterrupted
    one would have drawn.

    Args:
        speed: r is even from 1 - speed to 1 + speed. Defaults to 0.15.
        silence: Up to so many samples of silence (before noise) come before, and as many behind.
            Defaults to 800.
        quietest, loudest: The noise is so many decibels below the row's own loudness, even from
            one to the other. Default to 50 and 10.
        seed: seed of the generator.

    Call arguments:
        waveform: float [B, S].
        length: int [B], the real samples of each row.

    Returns:
        The waveform, [B, S'] and the new lengths, int [B]. A row without a sample may get noise.

    Raises:
        InputError: a speed outside [0, 1), or less than no silence.

    Example:

    >>> layer = WaveformAugmentation(seed=0)
    >>> waveform, length = layer(tf.ones([1, 8]), tf.constant([8]))
    >>> length.numpy()
    array([8], dtype=int32)
    """

    def __init__(
        self,
        speed: float = 0.15,
        silence: int = 800,
        quietest: float = 50.0,
        loudest: float = 10.0,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not 0 <= speed < 1 or silence < 0:
            raise InputError(
                f"speed {speed!r} and silence {silence!r}; expected a share from 0 up to, not "
                f"with, 1, and 0 or more samples"
            )
        self.speed, self.silence = speed, silence
        self.quietest, self.loudest = quietest, loudest
        self.seed = seed
        self.random = keras.random.SeedGenerator(seed)

    def compute_output_spec(self, waveform, length, training=None):
        shape = (waveform.shape[0], None)
        return keras.KerasTensor(shape, "float32"), keras.KerasTensor(length.shape, "int32")

    def call(self, waveform, length, training=None):
        waveform = tf.cast(waveform, tf.float32)
        if not training:
            return waveform, length
        rows, samples = tf.unstack(tf.shape(waveform))

        def draw(low, high):
            return keras.random.uniform([rows], low, high, seed=self.random)

        speed = draw(1 - self.speed, 1 + self.speed)
        before, behind = draw(0.0, self.silence), draw(0.0, self.silence)
        spoken = tf.cast(length, tf.float32) / speed
        longest = tf.cast(samples, tf.float32) / (1 - self.speed) + 2 * self.silence
        places = tf.range(tf.math.ceil(longest))[None] - tf.floor(before)[:, None]
        moved = _between(waveform, places * speed[:, None], length)
        new_length = tf.cast(tf.floor(before) + tf.math.ceil(spoken) + tf.floor(behind), tf.int32)
        count = tf.cast(tf.maximum(length, 1), tf.float32)
        real = tf.sequence_mask(length, samples)
        level = tf.sqrt(tf.reduce_sum(tf.where(real, waveform, 0.0) ** 2, 1) / count)
        below = draw(self.loudest, self.quietest)
        noise = keras.random.normal(tf.shape(moved), seed=self.random)
        return moved + noise * (level * 10 ** (-below / 20))[:, None], new_length

    def compute_mask(self, *arguments, **keywords):
        return None

    def get_config(self):
        return {
            **super().get_config(),
            "speed": self.speed,
            "silence": self.silence,
            "quietest": self.quietest,
            "loudest": self.loudest,
            "seed": self.seed,
        }


def _between(waveform, places, length):
    """The waveform [B, S] at broken places [B, T], zero before its start and from its end on."""
    last = tf.cast(length, tf.float32)[:, None] - 1
    inside = (places >= 0) & (places <= last)
    left = tf.clip_by_value(tf.floor(places), 0.0, tf.maximum(last, 0.0))
    right = tf.minimum(left + 1, tf.maximum(last, 0.0))
    share = places - left
    low, high = (tf.gather(waveform, tf.cast(p, tf.int32), batch_dims=1) for p in (left, right))
    return tf.where(inside, low * (1 - share) + high * share, 0.0)
