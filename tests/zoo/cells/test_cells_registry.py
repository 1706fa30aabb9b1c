"""Cells by name."""

import keras
import pytest

from zoo import cells
from zoo.cells import LSTMStateTuple
from zoo.errors import InputError


@pytest.mark.parametrize("name", cells.names())
def test_every_name_makes_a_new_cell_of_that_size(name):
    first, second = cells.get(name, 6), cells.get(name, units=6)
    assert first is not second
    assert first.output_size == 6
    assert isinstance(first, keras.layers.Layer)


def test_names_stand_for_the_cells_they_say():
    assert type(cells.get("lstm", 4)) is keras.layers.LSTMCell
    assert type(cells.get("gru", 4)) is keras.layers.GRUCell
    assert type(cells.get("simple_rnn", 4)) is keras.layers.SimpleRNNCell
    assert type(cells.get("basic_rnn", 4)) is cells.BasicRNNCell
    assert type(cells.get("tf_gru", 4)) is cells.GRUCell
    assert type(cells.get("basic_lstm", 4)) is cells.BasicLSTMCell
    assert type(cells.get("layer_norm_basic_lstm", 4)) is cells.LayerNormBasicLSTMCell
    assert not cells.get("tf_lstm", 4).use_peepholes
    assert cells.get("peephole_lstm", 4).use_peepholes
    assert cells.names("*lstm*") == [n for n in cells.names() if "lstm" in n]


def test_settings_reach_the_cell():
    assert cells.get("tf_lstm", 4, num_proj=2).state_size == LSTMStateTuple(4, 2)
    assert cells.get("gru", 4, reset_after=False).reset_after is False


def test_a_cell_is_passed_through():
    cell = cells.MultiRNNCell([cells.GRUCell(4)])
    assert cells.get(cell) is cell
    assert cells.get(cell, 4) is cell
    keras_cell = keras.layers.LSTMCell(3)
    assert cells.get(keras_cell, units=3) is keras_cell


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (("lstn", 4), {}, "unknown cell 'lstn'; did you mean 'lstm'"),
        (("lstm", 0), {}, "cell 'lstm' expects units to be a positive integer; got 0"),
        (("gru", -3), {}, "got -3"),
        (("gru", "8"), {}, "got '8'"),
        (("gru", 8.0), {}, "got 8.0"),
        (("gru", True), {}, "got True"),
        (("gru",), {}, "got None"),
        (("gru", 4), {"cells": 2}, "cell 'gru' cannot be made with cells=2"),
        (("basic_lstm", 4), {"activation": "tan"}, "cannot be made with activation='tan'"),
        ((cells.GRUCell(4), 5), {}, "units=5 with a ready GRUCell of 4 units"),
        ((cells.GRUCell(4),), {"reset_after": True}, "settings with a name only; got reset_after"),
        ((keras.layers.LSTM(4),), {}, "expects a cell, one step of time; got the layer"),
        ((cells.GRUCell,), {}, "expects a cell, an object"),
        ((None,), {}, "expects a cell, one with call and state_size; got None"),
    ],
)
def test_what_cannot_be(arguments, settings, message):
    with pytest.raises(InputError, match=message) as caught:
        cells.get(*arguments, **settings)
    assert "\n" not in str(caught.value)
