"""Frames and bands that are hidden at random in training."""

import keras
import tensorflow as tf

from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo")
class SpectrogramMasking(keras.layers.Layer):
    """Sets stretches of frames and of bands to zero in training, as SpecAugment does.

    Park et al. 2019, "SpecAugment: a simple data augmentation method for automatic speech
    recognition", without its time warping. Zero is the mean of what `LogMel` gives.

    Args:
        time_share: A stretch of frames is as long as an even draw from none to this share of the
            row's frames. Defaults to 0.2.
        band_share: The same of the bands. Defaults to 0.2.
        stretches: How many of each. Defaults to 2.
        seed: seed of the generator, which is part of the model's state.

    Call arguments:
        frames: float [B, N, M].
        length: int [B], the real frames of each row.

    Returns:
        [B, N, M].

    Raises:
        InputError: a share outside [0, 1].

    Example:

    >>> SpectrogramMasking(seed=0)(tf.ones([1, 3, 2]), tf.constant([3])).shape
    TensorShape([1, 3, 2])
    """

    def __init__(
        self,
        time_share: float = 0.2,
        band_share: float = 0.2,
        stretches: int = 2,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        for name, share in (("time_share", time_share), ("band_share", band_share)):
            if not 0 <= share <= 1:
                raise InputError(f"{name} is {share!r}; expected a share from 0 to 1")
        self.time_share, self.band_share, self.stretches = time_share, band_share, stretches
        self.seed = seed
        self.random = keras.random.SeedGenerator(seed)

    def compute_output_spec(self, frames, length, training=None):
        return keras.KerasTensor(frames.shape, self.compute_dtype)

    def call(self, frames, length, training=None):
        if not training:
            return frames
        rows, steps, bands = tf.unstack(tf.shape(frames))
        hidden_bands = tf.zeros([rows, bands], tf.bool)
        hidden_steps = tf.zeros([rows, steps], tf.bool)
        for _ in range(self.stretches):
            hidden_steps |= self._stretch(rows, steps, length, self.time_share)
            every = tf.fill([rows], bands)
            hidden_bands |= self._stretch(rows, bands, every, self.band_share)
        hidden = hidden_steps[:, :, None] | hidden_bands[:, None]
        return tf.where(hidden, tf.zeros([], frames.dtype), frames)

    def _stretch(self, rows, size, real, share):
        """bool [rows, size]: a stretch somewhere in each row's first `real` places."""
        real = tf.cast(real, tf.float32)
        width = keras.random.uniform([rows], seed=self.random) * share * real
        start = keras.random.uniform([rows], seed=self.random) * (real - width)
        places = tf.cast(tf.range(size), tf.float32)[None]
        return (places >= start[:, None]) & (places < (start + width)[:, None])

    def compute_mask(self, *arguments, **keywords):
        return None

    def get_config(self):
        return {
            **super().get_config(),
            "time_share": self.time_share,
            "band_share": self.band_share,
            "stretches": self.stretches,
            "seed": self.seed,
        }
