"""Four directions over a picture, against NumPy loops."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.errors import InputError
from zoo.topologies.corner_grid import CornerGrid
from zoo.topologies.grid_patches import cut_patches
from zoo.topologies.grid_rnn import GridPooling, GridRNN

RANDOM = np.random.default_rng(4)
IMAGE = RANDOM.normal(size=[2, 5, 4, 2]).astype("float32")


def sweep(layer, line):
    """A simple recurrence over [T, D], by its equation."""
    cell, state, outputs = layer.cell, np.zeros(3), []
    for step in line:
        state = np.tanh(
            step @ np.asarray(cell.kernel)
            + state @ np.asarray(cell.recurrent_kernel)
            + np.asarray(cell.bias)
        )
        outputs.append(state)
    return np.array(outputs)


def both_ways(stack, line):
    forward, backward = stack.layers
    return np.concatenate([sweep(forward, line), sweep(backward, line[::-1])[::-1]], 1)


def by_hand(layer, image):
    """One picture of real pixels alone; patches of 2 x 1."""
    image = np.pad(image, [(0, len(image) % 2), (0, 0), (0, 0)])
    places = np.array(
        [
            [np.concatenate([image[2 * r, c], image[2 * r + 1, c]]) for c in range(image.shape[1])]
            for r in range(len(image) // 2)
        ]
    )
    columns = np.stack(
        [both_ways(layer.columns, places[:, c]) for c in range(places.shape[1])], axis=1
    )
    return np.stack([both_ways(layer.rows, row) for row in columns])


def test_values_of_whole_and_of_padded_pictures():
    keras.utils.set_random_seed(0)
    layer = GridRNN("simple_rnn", 3, patch_size=(2, 1))
    height, width = np.array([5, 3]), np.array([4, 2])
    spoilt = IMAGE.copy()
    spoilt[1, 3:], spoilt[1, :, 2:] = np.nan, np.nan
    found, down, across = layer(tf.constant(spoilt), height, width)
    assert (down.numpy().tolist(), across.numpy().tolist()) == ([3, 2], [4, 2])
    np.testing.assert_allclose(found[0], by_hand(layer, IMAGE[0]), atol=1e-5)
    np.testing.assert_allclose(found[1, :2, :2], by_hand(layer, IMAGE[1, :3, :2]), atol=1e-5)
    assert not np.any(found[1, 2:]) and not np.any(found[1, :, 2:])


def convolved(cell, picture, patch, kernel):
    """The cell's input kernel as TensorFlow's convolution over one picture [H, W, C]."""
    filters = np.asarray(cell.kernel).reshape(*kernel, picture.shape[-1], -1)
    filled = [(0, -size % side) for size, side in zip(picture.shape, patch, strict=False)]
    around = [((k - p) // 2, k - p - (k - p) // 2) for k, p in zip(kernel, patch, strict=True)]
    picture = np.pad(picture, [*filled, (0, 0)])[None]
    return tf.nn.conv2d(picture, filters, patch, [(0, 0), *around, (0, 0)]).numpy()[0]


def down_columns(cell, risen):
    """h_ij = f((K * x)_ij + W h_i-1,j + b), line by line of K * x."""
    state, lines = np.zeros(risen.shape[1:]), []
    for line in risen:
        state = np.tanh(line + state @ np.asarray(cell.recurrent_kernel) + np.asarray(cell.bias))
        lines.append(state)
    return np.stack(lines)


@pytest.mark.parametrize(
    ("patch", "kernel"), [((1, 1), (3, 3)), ((2, 1), (4, 3)), ((1, 2), (2, 2))]
)
def test_a_kernel_is_a_convolution_below_the_recurrence(patch, kernel):
    keras.utils.set_random_seed(0)
    layer = GridRNN("simple_rnn", 3, patch_size=patch, kernel_size=kernel)
    height, width = np.array([5, 3]), np.array([4, 2])
    spoilt = IMAGE.copy()
    spoilt[1, 3:], spoilt[1, :, 2:] = np.nan, np.nan
    found, down, across = layer(tf.constant(spoilt), height, width)
    forward, backward = (stack.cell for stack in layer.columns.layers)
    for row in range(2):
        picture = IMAGE[row, : height[row], : width[row]]
        downwards = down_columns(forward, convolved(forward, picture, patch, kernel))
        upwards = down_columns(backward, convolved(backward, picture, patch, kernel)[::-1])[::-1]
        columns = np.concatenate([downwards, upwards], -1)
        expected = np.stack([both_ways(layer.rows, line) for line in columns])
        np.testing.assert_allclose(found[row, : down[row], : across[row]], expected, atol=1e-5)


def test_the_two_dimensional_cell_reads_the_same_windows():
    given, (height, width) = tf.constant(IMAGE), (np.array([5, 3]), np.array([4, 2]))
    layer = CornerGrid(3, patch_size=(2, 1), kernel_size=(4, 3))
    found, down, across = layer(given, height, width)
    windows = cut_patches(given, height, width, (2, 1), (4, 3))[0]
    plain = CornerGrid(3)
    plain(windows, down, across)
    plain.set_weights(layer.get_weights())
    np.testing.assert_allclose(found, plain(windows, down, across)[0], atol=1e-6)


def test_every_place_has_seen_the_whole_picture():
    image = tf.constant(IMAGE)
    layer = GridRNN("gru", 3)
    sizes = np.array([5, 5]), np.array([4, 4])
    for row, column in ((0, 0), (2, 3), (4, 1)):
        with tf.GradientTape() as tape:
            tape.watch(image)
            place = layer(image, *sizes)[0][:, row, column]
        assert np.all(np.any(tape.gradient(place, image), axis=-1))


def test_pooling_reads_real_places_alone():
    height, width = np.array([5, 2]), np.array([3, 4])
    for kind, transform in (("mean", np.mean), ("max", np.max)):
        found = GridPooling(kind)(tf.constant(IMAGE), height, width)
        for row in range(2):
            real = IMAGE[row, : height[row], : width[row]]
            np.testing.assert_allclose(found[row], transform(real, axis=(0, 1)), atol=1e-6)


def test_pictures_of_one_size_need_no_sizes():
    settings = {"num_channels": 2, "num_classes": 3, "units": 3, "patch_size": ((1, 2), (2, 1))}
    models = []
    for variable in (False, True):
        keras.utils.set_random_seed(0)
        model = zoo.build("grid_rnn", **settings, num_layers=2, variable_size=variable)
        models.append(model)
    sizes = {"height": np.array([5, 5]), "width": np.array([4, 4])}
    out = models[0]({"image": IMAGE})
    assert out["features"].shape == (2, 3, 2, 6)
    np.testing.assert_allclose(
        out["logits"], models[1]({"image": IMAGE, **sizes})["logits"], atol=1e-6
    )


def test_a_kernel_no_wider_than_its_patch_changes_nothing():
    settings = {"num_channels": 2, "num_classes": 3, "units": 3, "num_layers": 2}
    logits = []
    for kernel in (None, ((2, 2), (1, 1))):
        keras.utils.set_random_seed(0)
        model = zoo.build("grid_rnn", **settings, kernel_size=kernel)
        logits.append(model({"image": IMAGE})["logits"])
    np.testing.assert_array_equal(*logits)


@pytest.mark.parametrize("kernel_size", [(1, 3), ((3, 3), (0, 1)), (3,), "33", ((3, 3),) * 3])
def test_kernels_that_are_none_are_refused(kernel_size):
    with pytest.raises(InputError, match=r"kernel_size .* expected"):
        zoo.build("grid_rnn", num_channels=1, num_classes=2, num_layers=2, kernel_size=kernel_size)


@pytest.mark.parametrize("patch_size", [(0, 1), (2,), 3, (), ((1, 1),) * 3, (1.5, 2), "22"])
def test_patches_that_are_none_are_refused(patch_size):
    with pytest.raises(InputError, match=r"patch_size is .* expected .rows, columns."):
        zoo.build("grid_rnn", num_channels=1, num_classes=2, num_layers=2, patch_size=patch_size)
