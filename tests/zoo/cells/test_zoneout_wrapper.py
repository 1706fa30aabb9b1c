"""Zoneout against NumPy: the expected value, the draws, and what becomes of the output."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo import cells
from zoo.cells import LSTMStateTuple
from zoo.errors import InputError
from zoo.recurrence import dynamic_rnn


@pytest.fixture
def step(random):
    inner = cells.BasicLSTMCell(60, dtype="float64")
    x, c, h = (
        random.normal(size=(20, 3)),
        random.normal(size=(20, 60)),
        random.normal(size=(20, 60)),
    )
    return inner, x, LSTMStateTuple(c, h)


def test_inference_takes_the_expected_value(step):
    inner, x, old = step
    cell = cells.ZoneoutWrapper(inner, LSTMStateTuple(c=0.5, h=0.05))
    _, new = inner(x, old)
    output, state = cell(x, old, training=False)
    np.testing.assert_allclose(state.c, 0.5 * old.c + 0.5 * new.c.numpy(), rtol=1e-12)
    np.testing.assert_allclose(state.h, 0.05 * old.h + 0.95 * new.h.numpy(), rtol=1e-12)
    np.testing.assert_array_equal(output, state.h)


def test_training_keeps_or_renews_unit_by_unit(step):
    inner, x, old = step
    cell = cells.ZoneoutWrapper(inner, LSTMStateTuple(c=0.3, h=0.6), seed=5)
    _, new = inner(x, old)
    output, state = cell(x, old, training=True)
    for z, was, is_, would in zip((0.3, 0.6), old, state, new, strict=True):
        kept = is_.numpy() == was
        np.testing.assert_array_equal(is_, np.where(kept, was, would))
        assert abs(kept.mean() - z) < 0.06
    np.testing.assert_array_equal(output, state.h)
    again = cell(x, old, training=True)[1]
    assert np.any(again.c.numpy() != state.c.numpy())


def test_the_draws_have_the_expected_value_in_the_mean(step):
    inner, x, old = step
    cell = cells.ZoneoutWrapper(inner, 0.25, seed=5)
    expected = cell(x, old, training=False)[1].c.numpy()
    draws = np.mean([cell(x, old, training=True)[1].c.numpy() for _ in range(300)], axis=0)
    spread = 4 * 0.5 * np.abs(inner(x, old)[1].c.numpy() - old.c) / np.sqrt(300)
    assert np.all(np.abs(draws - expected) < spread + 1e-9)


def test_a_rate_of_zero_is_the_cell_itself(step):
    inner, x, old = step
    cell = cells.ZoneoutWrapper(inner, 0.0)
    np.testing.assert_array_equal(cell(x, old, training=True)[1].c, inner(x, old)[1].c)


@pytest.mark.parametrize("inner", [keras.layers.GRUCell(4), keras.layers.LSTMCell(4)])
def test_keras_cells_put_out_the_state_after_zoneout(inner, random):
    cell = cells.ZoneoutWrapper(inner, 0.5)
    x = random.normal(size=(2, 3)).astype("float32")
    state = tf.nest.map_structure(
        lambda size: tf.constant(random.normal(size=(2, size)), tf.float32), inner.state_size
    )
    output, after = cell(x, state, training=False)
    np.testing.assert_array_equal(output, tf.nest.flatten(after)[0])  # Keras: h comes first


def test_an_output_that_is_no_state_is_left_alone(random):
    inner = cells.OutputProjectionWrapper(cells.GRUCell(4), 4)
    x, h = (random.normal(size=(2, n)).astype("float32") for n in (3, 4))
    expected = inner(x, h)[0]
    np.testing.assert_array_equal(cells.ZoneoutWrapper(inner, 0.5)(x, h)[0], expected)


def test_every_step_of_a_loop_draws_anew():
    """With an input that always renews to one, what zoneout kept shows as zeros, ever fewer."""
    cell = cells.ZoneoutWrapper(cells.BasicRNNCell(200, kernel_initializer="ones"), 0.5, seed=1)
    ones = np.full((1, 6, 3), 100.0, "float32")
    for jit in (False, True):
        run = tf.function(lambda x: dynamic_rnn(cell, x, training=True)[0], jit_compile=jit)
        still_zero = (run(ones).numpy()[0] == 0).mean(axis=1)
        np.testing.assert_allclose(still_zero, 0.5 ** np.arange(1, 7), atol=0.11)


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        (1.0, "at least 0 and below 1; got 1.0"),
        (-0.1, "at least 0 and below 1"),
        ("much", "at least 0 and below 1"),
        ((0.1, 0.1, 0.1), r"one for each part of the state LSTMStateTuple\(c=\(batch, 4\)"),
    ],
)
def test_rates_that_cannot_be(rate, message):
    with pytest.raises(InputError, match=message):
        cells.ZoneoutWrapper(cells.BasicLSTMCell(4), rate)
