"""Encoded pictures to labels: both signatures, and what a caller may send."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.signatures.image_to_label import ImageToLabel

LABELS = ["top", "bottom", "else"]


@pytest.fixture(scope="module")
def module():
    """Says which half has more ink; by hand, so that answers are known."""
    image = keras.Input([8, 8], name="image")
    halves = keras.layers.Dense(3, use_bias=False, name="halves")
    model = keras.Model({"image": image}, {"logits": halves(keras.layers.Flatten()(image))})
    kernel = np.zeros((64, 3), "float32")
    kernel[:32, 0] = kernel[32:, 1] = 1
    halves.set_weights([kernel])
    return ImageToLabel(
        model,
        LABELS,
        8,
        8,
        lambda images: {"image": images},
        lambda inputs, outputs: {"rows": tf.reduce_sum(inputs["image"], 2)},
    )


def png(pixels):
    return tf.io.encode_png(pixels[..., None]).numpy()


def test_pixels_and_their_png_are_answered_alike(module):
    pixels = np.zeros((3, 8, 8), "uint8")
    pixels[0, 1:3, 2:6] = pixels[1, 5:7, 2:6] = 255
    answer = module.pixels(tf.constant(pixels))
    assert answer["label"].numpy().tolist()[:2] == [b"top", b"bottom"]
    np.testing.assert_allclose(answer["ink"], [8 / 64, 8 / 64, 0])
    np.testing.assert_allclose(answer["rows"][0], [0, 4, 4, 0, 0, 0, 0, 0])
    powers = np.exp([8.0, 0, 0])
    np.testing.assert_allclose(answer["probabilities"][0], powers / powers.sum(), rtol=1e-5)
    assert answer["classes"].numpy().tolist() == [[name.encode() for name in LABELS]] * 3
    encoded = module.serving_default(tf.constant([png(one) for one in pixels]))
    for name, value in answer.items():
        np.testing.assert_array_equal(encoded[name], value, err_msg=name)


def test_no_pictures_at_all(module):
    assert module.serving_default(tf.constant([], tf.string))["label"].shape == (0,)


def test_broken_bytes_are_refused(module):
    with pytest.raises(tf.errors.InvalidArgumentError):
        module.serving_default(tf.constant([b"no picture"]))
