"""Training pictures moved, turned and scaled at random."""

import math

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="zoo")
class PictureJitter(keras.layers.Layer):
    """Moves, turns and scales each picture at random in training; passes it through otherwise.

    One affine map a picture, about its centre, with bilinear interpolation; what comes in from
    outside is zero. The random state is a variable, so that it is in every checkpoint: a resumed
    run sees the pictures of an uninterrupted one.

    Args:
        shift: Most pixels in each direction.
        rotation: Most degrees to either side.
        stretch: Largest change of height and of width, drawn apart: 0.1 is 10 % more or less.
        seed: Defaults to a draw from Keras's global seed.

    Call arguments:
        images: float [B, H, W] or [B, H, W, C].

    Returns:
        The same shape.

    Example:

    >>> PictureJitter(shift=2)(tf.ones([1, 4, 4]), training=False).shape
    TensorShape([1, 4, 4])
    """

    def __init__(
        self,
        shift: float = 0.0,
        rotation: float = 0.0,
        stretch: float = 0.0,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.shift, self.rotation, self.stretch, self.seed = shift, rotation, stretch, seed
        self.generator = keras.random.SeedGenerator(seed)

    def compute_output_spec(self, images, training=None):
        return keras.KerasTensor(images.shape, self.compute_dtype)

    def call(self, images, training=False):
        images = tf.convert_to_tensor(images)
        if not training:
            return images
        flat = images[..., None] if images.shape.rank == 3 else images
        moved = tf.raw_ops.ImageProjectiveTransformV3(
            images=flat,
            transforms=self.transforms(*(tf.shape(flat)[axis] for axis in range(3))),
            output_shape=tf.shape(flat)[1:3],
            fill_value=0.0,
            interpolation="BILINEAR",
            fill_mode="CONSTANT",
        )
        return tf.reshape(moved, tf.shape(images))

    def transforms(self, batch, height, width):
        """Draws maps from a place in the result to one in the picture: [batch, 8]."""
        drawn = keras.random.uniform([5, batch], -1.0, 1.0, seed=self.generator)
        down, across, turn, tall, wide = tf.unstack(drawn)
        angle = turn * self.rotation * math.pi / 180
        tall, wide = 1 + tall * self.stretch, 1 + wide * self.stretch
        sine, cosine = tf.sin(angle), tf.cos(angle)
        a, b = cosine * wide, -sine * tall
        c, d = sine * wide, cosine * tall
        middle_x = (tf.cast(width, tf.float32) - 1) / 2
        middle_y = (tf.cast(height, tf.float32) - 1) / 2
        x0 = middle_x - a * middle_x - b * middle_y + across * self.shift
        y0 = middle_y - c * middle_x - d * middle_y + down * self.shift
        none = tf.zeros_like(a)
        return tf.stack([a, b, x0, c, d, y0, none, none], 1)

    def get_config(self):
        settings = {name: getattr(self, name) for name in ("shift", "rotation", "stretch", "seed")}
        return {**super().get_config(), **settings}
