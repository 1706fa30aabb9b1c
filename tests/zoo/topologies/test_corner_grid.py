"""grid_rnn with the two-dimensional cell: four corners of a picture."""

import keras
import numpy as np
import tensorflow as tf

import zoo
from zoo.topologies.corner_grid import CornerGrid

RANDOM = np.random.default_rng(4)
IMAGE = RANDOM.normal(size=[2, 5, 4, 2]).astype("float32")
SETTINGS = {"num_channels": 2, "num_classes": 3, "units": 4, "cell": "grid_lstm"}
SIZES = {"height": np.array([5, 3]), "width": np.array([4, 2])}


def test_each_corner_is_the_first_one_of_a_turned_picture():
    layer = CornerGrid(3)
    places = layer(tf.constant(IMAGE), SIZES["height"], SIZES["width"])[0].numpy()
    for index, (sweep, turns) in enumerate(
        zip(layer.sweeps, [(1, 1), (1, -1), (-1, 1), (-1, -1)], strict=True)
    ):
        for row, (height, width) in enumerate(zip(*SIZES.values(), strict=True)):
            real = IMAGE[row : row + 1, :height, :width][:, :: turns[0], :: turns[1]]
            alone = sweep(tf.constant(real.copy()), np.array([height]), np.array([width]))[0]
            expected = alone.numpy()[:: turns[0], :: turns[1]]
            found = places[row, :height, :width, 3 * index : 3 * index + 3]
            np.testing.assert_allclose(found, expected, atol=1e-6)
    assert not np.any(places[1, 3:]) and not np.any(places[1, :, 2:])


def test_every_place_has_seen_the_whole_picture():
    image, layer = tf.constant(IMAGE), CornerGrid(3)
    for row, column in ((0, 0), (2, 3), (4, 1)):
        with tf.GradientTape() as tape:
            tape.watch(image)
            place = layer(image, np.array([5, 5]), np.array([4, 4]))[0][:, row, column]
        assert np.all(np.any(tape.gradient(place, image), axis=-1))


def test_the_builder_takes_it_in_layers_of_patches_and_saves_it(tmp_path):
    model = zoo.build(
        "grid_rnn", **SETTINGS, num_layers=2, patch_size=((2, 1), (1, 2)), variable_size=True
    )
    given = {"image": IMAGE, **SIZES}
    outputs = model(given)
    assert outputs["features"].shape == (2, 3, 2, 16)
    wider = np.pad(IMAGE, [(0, 0), (0, 3), (0, 1), (0, 0)], constant_values=7)
    np.testing.assert_allclose(
        model({**given, "image": wider})["logits"], outputs["logits"], atol=1e-5
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")(given)
    np.testing.assert_allclose(loaded["logits"], outputs["logits"], atol=1e-6)
