"""Random moves of training pictures, against interpolation in NumPy."""

import keras
import numpy as np
import tensorflow as tf

from zoo.images.picture_jitter import PictureJitter


def sampled(image, transform):
    """Bilinear interpolation of [H, W] at the mapped places; zero outside."""
    height, width = image.shape
    padded = np.pad(image, 1)
    moved = np.zeros_like(image)
    a, b, x0, c, d, y0 = transform[:6]
    for y in range(height):
        for x in range(width):
            u, v = a * x + b * y + x0 + 1, c * x + d * y + y0 + 1
            if not (0 <= u < width + 1 and 0 <= v < height + 1):
                continue
            i, j = int(v), int(u)
            f, g = v - i, u - j
            moved[y, x] = (1 - f) * ((1 - g) * padded[i, j] + g * padded[i, j + 1]) + f * (
                (1 - g) * padded[i + 1, j] + g * padded[i + 1, j + 1]
            )
    return moved


def test_moves_are_the_drawn_affine_maps():
    images = np.random.default_rng(0).uniform(size=(4, 9, 7)).astype("float32")
    layer = PictureJitter(shift=2, rotation=20, stretch=0.2, seed=5)
    transforms = layer.transforms(4, 9, 7).numpy()
    moved = PictureJitter(shift=2, rotation=20, stretch=0.2, seed=5)(images, training=True)
    expected = [sampled(*pair) for pair in zip(images, transforms, strict=True)]
    np.testing.assert_allclose(moved, expected, atol=1e-4)
    assert np.abs(moved - images).max() > 0.1


def test_the_middle_stays_and_shifts_keep_their_bound():
    layer = PictureJitter(rotation=45, stretch=0.3, seed=1)
    a, b, x0, c, d, y0 = layer.transforms(50, 11, 7).numpy().T[:6]
    np.testing.assert_allclose(a * 3 + b * 5 + x0, 3, atol=1e-5)
    np.testing.assert_allclose(c * 3 + d * 5 + y0, 5, atol=1e-5)
    assert np.abs(np.degrees(np.arctan2(c, a))).max() <= 45
    shifts = PictureJitter(shift=2, seed=1).transforms(500, 11, 7).numpy()[:, [2, 5]]
    assert 1.9 < np.abs(shifts).max() <= 2


def test_nothing_moves_outside_training_or_without_settings():
    images = np.random.default_rng(0).uniform(size=(2, 6, 6, 3)).astype("float32")
    np.testing.assert_array_equal(PictureJitter(shift=3)(images, training=False), images)
    np.testing.assert_allclose(PictureJitter()(images, training=True), images, atol=1e-6)


def test_the_random_state_is_a_variable_that_goes_on():
    images = tf.ones([3, 6, 6])
    layer = PictureJitter(shift=2, seed=3)
    first = layer(images, training=True)
    state = [variable.numpy() for variable in layer.variables]
    second = layer(images, training=True)
    assert np.abs(first - second).max() > 0
    resumed = PictureJitter(shift=2, seed=99)
    for variable, value in zip(resumed.variables, state, strict=True):
        variable.assign(value)
    np.testing.assert_array_equal(resumed(images, training=True), second)


def test_it_is_saved_with_its_settings():
    layer = PictureJitter(shift=2, rotation=3, stretch=0.1, seed=4)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
