"""Diagonals of a grid, against a loop over its places."""

import numpy as np
import tensorflow as tf

from zoo.cells import LSTMStateTuple
from zoo.recurrence.corner_sweep import CornerSweep

RANDOM = np.random.default_rng(0)
IMAGE = RANDOM.normal(size=[3, 4, 5, 2]).astype("float32")
HEIGHT, WIDTH = np.array([4, 2, 0]), np.array([3, 5, 4])


def place_by_place(cell, image):
    """One real picture [H, W, D] by the cell alone."""
    zeros = LSTMStateTuple(tf.zeros([1, cell.units]), tf.zeros([1, cell.units]))
    states = {}
    for r, row in enumerate(tf.unstack(image)):
        for c, pixel in enumerate(tf.unstack(row)):
            above, left = states.get((r - 1, c), zeros), states.get((r, c - 1), zeros)
            states[r, c] = cell(pixel[None], above, left)
    rows, columns = image.shape[:2]
    return tf.stack([[states[r, c].h[0] for c in range(columns)] for r in range(rows)])


def test_values_and_gradients_are_those_of_the_loop_and_padding_is_not_read():
    layer = CornerSweep(3, forget_bias=0.3)
    spoilt = IMAGE.copy()
    for row in range(3):
        spoilt[row, HEIGHT[row] :] = spoilt[row, :, WIDTH[row] :] = np.nan
    weight = RANDOM.normal(size=[3, 4, 5, 3]).astype("float32")
    with tf.GradientTape() as tape:
        found = layer(tf.constant(spoilt), HEIGHT, WIDTH)
        loss = tf.reduce_sum(found * weight)
    variables = [variable.value for variable in layer.trainable_variables]
    gradients = tape.gradient(loss, variables)
    with tf.GradientTape() as tape:
        expected = [
            place_by_place(layer.cell, tf.constant(IMAGE[row, : HEIGHT[row], : WIDTH[row]]))
            for row in range(2)
        ]
        loss = sum(
            tf.reduce_sum(value * weight[row, : HEIGHT[row], : WIDTH[row]])
            for row, value in enumerate(expected)
        )
    for row, value in enumerate(expected):
        np.testing.assert_allclose(found[row, : HEIGHT[row], : WIDTH[row]], value, atol=1e-6)
        assert not np.any(found[row, HEIGHT[row] :]) and not np.any(found[row, :, WIDTH[row] :])
    assert not np.any(found[2])
    for one, other in zip(gradients, tape.gradient(loss, variables), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_graph_and_compiled_agree_with_eager():
    layer = CornerSweep(2)
    expected = layer(tf.constant(IMAGE), HEIGHT, WIDTH)
    given = [tf.constant(value) for value in (IMAGE, HEIGHT, WIDTH)]
    for compiled in (False, True):
        found = tf.function(layer, jit_compile=compiled, autograph=False)(*given)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_one_row_and_one_column():
    layer = CornerSweep(2)
    for image in (IMAGE[:1, :1], IMAGE[:1, :, :1]):
        height, width = (np.array([side]) for side in image.shape[1:3])
        expected = place_by_place_after_building(layer, image)
        np.testing.assert_allclose(layer(tf.constant(image), height, width)[0], expected, atol=1e-6)


def place_by_place_after_building(layer, image):
    if not layer.built:
        layer.build(image.shape)
    return place_by_place(layer.cell, tf.constant(image[0]))
