"""Convolutions against a direct sum in NumPy, and a clip as its pictures one by one."""

import doctest

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.errors import InputError
from zoo.topologies import convolutions
from zoo.topologies.convolutions import Convolutions


def by_hand(picture, kernel, bias):
    """relu(W * x + b) over 3 x 3 with zeros around, then the maximum over 2 x 2."""
    height, width, _ = picture.shape
    around = np.pad(picture, ((1, 1), (1, 1), (0, 0)))
    made = np.empty((height, width, kernel.shape[-1]))
    for row, column in np.ndindex(height, width):
        window = around[row : row + 3, column : column + 3]
        made[row, column] = np.maximum(np.tensordot(window, kernel, 3) + bias, 0)
    return np.stack(
        [
            [made[row : row + 2, column : column + 2].max((0, 1)) for column in range(0, width, 2)]
            for row in range(0, height, 2)
        ]
    )


def test_a_clip_is_convolved_picture_by_picture_as_by_hand():
    clip = np.random.default_rng(0).normal(size=(2, 3, 5, 4, 2)).astype("float32")
    layer = Convolutions((3, 4))
    made = layer(clip).numpy()
    assert made.shape == tuple(layer.compute_output_shape(clip.shape)) == (2, 3, 2, 1, 4)
    kernels = [weight.numpy() for weight in layer.weights]
    kernels[1][:], kernels[3][:] = 0.3, -0.2
    layer.set_weights(kernels)
    made = layer(clip).numpy()
    for place in np.ndindex(2, 3):
        first = by_hand(clip[place], *kernels[:2])
        np.testing.assert_allclose(made[place], by_hand(first, *kernels[2:]), atol=1e-5)


def test_n_to_n_convolves_the_frames_of_a_clip():
    settings = {"num_features": 20, "frame_shape": (5, 4, 1), "filters": (3,), "units": 4}
    model = zoo.build("n_to_n", num_classes=2, **settings)
    clip = np.random.default_rng(1).normal(size=(2, 3, 20)).astype("float32")
    length = np.array([3, 2])
    maps = model.get_layer("convolutions")(clip.reshape(2, 3, 5, 4, 1))
    flat = tf.reshape(maps, [2, 3, 3 * 2 * 3])
    hidden, _ = model.get_layer("recurrence")(flat, length)
    expected = model.get_layer("output_projection")(hidden)
    found = model({"features": clip, "length": length})["logits"]
    np.testing.assert_allclose(found[0], expected[0], atol=1e-6)
    np.testing.assert_allclose(found[1, :2], expected[1, :2], atol=1e-6)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_clip_to_one_class_reads_each_frame_for_itself(bidirectional):
    """The convolutions by NumPy's loops; a row's class by its real frames alone."""
    keras.utils.set_random_seed(0)
    settings = {"num_features": 20, "frame_shape": (5, 4, 1), "filters": (3,), "units": 4}
    model = zoo.build("n_to_one", num_classes=2, bidirectional=bidirectional, **settings)
    clip = np.random.default_rng(1).normal(size=(3, 3, 20)).astype("float32")
    length = np.array([3, 2, 0], "int32")
    spoilt = clip.copy()
    spoilt[1, 2:], spoilt[2] = 9, 9
    found = model({"features": spoilt, "length": length})
    weights = [weight.numpy() for weight in model.get_layer("convolutions").weights]
    for row, frames in enumerate(length):
        if not frames:
            assert not np.any(found["vector"][row])
            continue
        maps = [by_hand(frame.reshape(5, 4, 1), *weights).ravel() for frame in clip[row, :frames]]
        hidden, _ = model.get_layer("recurrence")(np.array([maps], "float32"))
        last = hidden[0, -1]
        if bidirectional:  # where each direction has read every frame
            last = np.concatenate([hidden[0, -1, :4], hidden[0, 0, 4:]])
        np.testing.assert_allclose(found["vector"][row], last, atol=1e-5)
        logits = model.get_layer("output_projection")(np.asarray(last)[None])[0]
        np.testing.assert_allclose(found["logits"][row], logits, atol=1e-5)


@pytest.mark.parametrize("name", ["n_to_n", "n_to_one"])
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"frame_shape": (5, 4, 1), "num_features": 21}, "goes with num_features=20"),
        ({"frame_shape": (5, 4), "num_features": 20}, "expected .height, width, channels."),
        ({"frame_shape": (5, 0, 1), "num_features": 20}, "width is 0"),
        ({"frame_shape": (5, 4, 1), "num_features": 20, "filters": (3, 0)}, "filters.1. is 0"),
        ({"frame_shape": (5, 4, 1), "vocabulary_size": 20}, "no tokens"),
    ],
)
def test_frames_that_do_not_fit_are_refused(name, settings, message):
    with pytest.raises(InputError, match=message):
        zoo.build(name, num_classes=2, units=4, **settings)


def test_a_saved_layer_comes_back_whole(tmp_path):
    pictures = keras.Input([6, 6, 1])
    model = keras.Model(pictures, Convolutions((2,))(pictures))
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    given = np.random.default_rng(2).normal(size=(2, 6, 6, 1)).astype("float32")
    np.testing.assert_array_equal(model(given), again(given))


def test_its_examples_are_right():
    assert doctest.testmod(convolutions, optionflags=doctest.ELLIPSIS).failed == 0
