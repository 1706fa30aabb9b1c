"""Layer normalisation and recurrent dropout against NumPy and the numbers TensorFlow tested for."""

import keras
import numpy as np
import pytest

from zoo import cells
from zoo.cells import LSTMStateTuple
from zoo.errors import InputError


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def normalise(z, gamma, beta):
    centred = z - z.mean(axis=1, keepdims=True)
    return gamma * centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-12) + beta


def test_one_step_against_numpy(random):
    cell = cells.LayerNormBasicLSTMCell(4, forget_bias=0.5, dtype="float64")
    cell.build((None, 3))
    cell.set_weights([random.normal(size=w.shape) for w in cell.weights])
    w = {v.name: v.numpy() for v in cell.weights}
    assert "bias" not in w
    x, c, h = (random.normal(size=(5, n)) for n in (3, 4, 4))

    def norm(z, part):
        return normalise(z, w[f"{part}_gamma"], w[f"{part}_beta"])

    i, j, f, o = np.split(np.hstack([x, h]) @ w["kernel"], 4, axis=1)
    g = np.tanh(norm(j, "transform"))
    new_c = sigmoid(norm(f, "forget") + 0.5) * c + sigmoid(norm(i, "input")) * g
    new_c = norm(new_c, "state")
    new_h = sigmoid(norm(o, "output")) * np.tanh(new_c)
    output, state = cell(x, LSTMStateTuple(c, h))
    np.testing.assert_allclose(state.c, new_c, rtol=1e-9)
    np.testing.assert_allclose(state.h, new_h, rtol=1e-9)
    np.testing.assert_array_equal(output, state.h)


def test_numbers_that_tensorflow_published_for_the_cell_without_norm():
    """From testBasicLSTMCellWithoutNorm of TensorFlow 1's contrib rnn_cell_test: kernel 0.5."""
    half = keras.initializers.Constant(0.5)
    layer = [
        cells.LayerNormBasicLSTMCell(2, layer_norm=False, kernel_initializer=half) for _ in range(2)
    ]
    stack = cells.MultiRNNCell(layer)
    stack.build((None, 2))
    for cell in layer:
        cell.bias.assign([0.5] * 8)
    tenths = np.arange(8, dtype="float32").reshape(4, 1, 2) / 10
    state = (LSTMStateTuple(tenths[0], tenths[1]), LSTMStateTuple(tenths[2], tenths[3]))
    output, (lower, upper) = stack(np.ones((1, 2), "float32"), state)
    np.testing.assert_allclose(output, [[0.70230919, 0.72581059]], rtol=1e-5)
    np.testing.assert_allclose(lower.c, [[0.8020075, 0.89599884]], rtol=1e-5)
    np.testing.assert_allclose(lower.h, [[0.56668288, 0.60858738]], rtol=1e-5)
    np.testing.assert_allclose(upper.c, [[1.17500675, 1.26892781]], rtol=1e-5)


def test_numbers_that_tensorflow_published_for_the_cell_with_norm():
    """From testBasicLSTMCell of the same file: two units can only normalise to -1 and 1."""
    half = keras.initializers.Constant(0.5)
    cell = cells.LayerNormBasicLSTMCell(2, kernel_initializer=half)
    state = LSTMStateTuple(np.array([[0.0, 0.1]], "float32"), np.array([[0.2, 0.3]], "float32"))
    output, state = cell(np.ones((1, 3), "float32"), state)
    np.testing.assert_allclose(state.c, [[-1.0, 1.0]], rtol=1e-5)
    np.testing.assert_allclose(output, [[-0.38079708, 0.38079708]], rtol=1e-5)


def test_recurrent_dropout_takes_away_what_is_new_and_never_what_is_remembered():
    cell = cells.LayerNormBasicLSTMCell(
        400, layer_norm=False, dropout_keep_prob=0.25, dropout_prob_seed=3, dtype="float64"
    )
    ones = np.ones((1, 400))
    state = LSTMStateTuple(ones, ones)
    kept_all = cell(ones, state, training=False)[1].c.numpy()
    kept_some = cell(ones, state, training=True)[1].c.numpy()
    kernel, bias = cell.get_weights()
    i, j, f, _ = np.split(np.ones((1, 800)) @ kernel + bias, 4, axis=1)
    remembered, new = sigmoid(f + 1.0), sigmoid(i) * np.tanh(j)
    np.testing.assert_allclose(kept_all, remembered + new, rtol=1e-9)
    dropped = np.isclose(kept_some, remembered, rtol=1e-9)
    np.testing.assert_allclose(
        kept_some, np.where(dropped, remembered, remembered + new / 0.25), rtol=1e-9
    )
    assert 0.6 < dropped.mean() < 0.9
    again = cell(ones, state, training=True)[1].c.numpy()
    assert np.any(again != kept_some)


def test_gain_and_shift_start_where_asked():
    cell = cells.LayerNormBasicLSTMCell(3, norm_gain=0.5, norm_shift=-0.25)
    cell.build((None, 2))
    np.testing.assert_array_equal(cell.state_gamma, [0.5] * 3)
    np.testing.assert_array_equal(cell.forget_beta, [-0.25] * 3)


@pytest.mark.parametrize("probability", [0.0, 1.5, "all"])
def test_a_probability_that_cannot_be(probability):
    with pytest.raises(InputError, match="dropout_keep_prob above 0 and at most 1"):
        cells.LayerNormBasicLSTMCell(3, dropout_keep_prob=probability)
