"""The zoo's cells and their Keras counterparts, step by step."""

import keras
import numpy as np
import pytest

from zoo import cells
from zoo.errors import InputError

CELLS = {
    "basic_rnn": lambda **kw: cells.BasicRNNCell(4, activation="relu", **kw),
    "gru": lambda **kw: cells.GRUCell(4, **kw),
    "gru_reset_after": lambda **kw: cells.GRUCell(4, reset_after=True, **kw),
    "basic_lstm": lambda **kw: cells.BasicLSTMCell(4, forget_bias=0.3, **kw),
    "lstm": lambda **kw: cells.LSTMCell(4, activation="softsign", **kw),
}


@pytest.mark.parametrize("name", CELLS)
def test_one_step(name, random):
    cell = CELLS[name](dtype="float64")
    cell.build((None, 3))
    cell.set_weights([random.normal(size=w.shape) for w in cell.weights])
    made = cells.to_keras(cell)
    assert type(made).__module__.startswith("keras.")
    x = random.normal(size=(2, 3))
    if isinstance(cell.state_size, int):
        h = random.normal(size=(2, 4))
        output, state = cell(x, h)
        keras_output, (keras_h,) = made(x, [h])
        np.testing.assert_allclose(keras_h, state, rtol=1e-10)
    else:
        c, h = random.normal(size=(2, 2, 4))
        output, state = cell(x, (c, h))
        keras_output, (keras_h, keras_c) = made(x, [h, c])
        np.testing.assert_allclose(keras_h, state.h, rtol=1e-10)
        np.testing.assert_allclose(keras_c, state.c, rtol=1e-10)
    np.testing.assert_allclose(keras_output, output, rtol=1e-10)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (cells.LSTMCell(4, use_peepholes=True), "Keras has no LSTM cell with use_peepholes"),
        (cells.LSTMCell(4, num_proj=2, cell_clip=1.0), "with cell_clip, num_proj"),
        (cells.LayerNormBasicLSTMCell(4), "expects one of BasicLSTMCell, .*; got LayerNorm"),
        (keras.layers.GRUCell(4), "expects one of"),
    ],
)
def test_no_counterpart(cell, message):
    cell.build((None, 3))
    with pytest.raises(InputError, match=message):
        cells.to_keras(cell)


def test_weights_must_be_there():
    with pytest.raises(InputError, match=r"a built cell; call GRUCell.build\(\(None, features\)\)"):
        cells.to_keras(cells.GRUCell(4))
