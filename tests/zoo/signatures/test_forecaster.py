"""The exported forecaster against plain NumPy around its model."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.serving import export_saved_model
from zoo.signatures.forecaster import Forecaster

WINDOW, WINDS = 4, ("calm", "north")
NAN = np.nan


@pytest.fixture(scope="module")
def model():
    """Says of each window: its sum without gaps, and the number of its last wind."""
    value = keras.Input([WINDOW], name="value")
    wind = keras.Input([WINDOW], dtype="int32", name="wind")
    known = keras.ops.where(keras.ops.isnan(value), 0.0, value)
    total = keras.ops.sum(known, 1, keepdims=True)
    last = keras.ops.cast(wind[:, -1:], "float32")
    forecast = keras.layers.Concatenate()([total, last])
    return keras.Model({"value": value, "wind": wind}, {"forecast": forecast})


@pytest.fixture(scope="module")
def forecaster(model):
    return Forecaster(model, WINDOW, "value", {"wind": WINDS}, lowest=0.0)


GIVEN = {
    "value": np.array(
        [[1, 2, 3, 4, 5], [1, NAN, 3, 9, 9], [-9, 1, 2, 3, 0], [NAN] * 5, [0] * 5], "float32"
    ),
    "wind": np.array([["calm", "calm", "north", "calm", "north"]] * 5, object),
    "length": np.array([5, 3, 4, 5, 0], "int32"),
}


def test_the_last_rows_are_read_and_padding_is_not(forecaster):
    found = forecaster.padded(*map(tf.constant, GIVEN.values()))
    # Four of five rows count; three, with a gap; a sum below the bound; none measured; no row.
    wanted = [[14, 1], [4, 1], [0, 0], [NAN, NAN], [NAN, NAN]]
    np.testing.assert_array_equal(found["forecast"], wanted)
    np.testing.assert_array_equal(found["last"], [5, 3, 3, NAN, NAN])
    np.testing.assert_array_equal(found["horizon"], [[1, 2]] * 5)


def test_an_unknown_word_is_named_with_the_known_ones(forecaster):
    wrong = {**GIVEN, "wind": np.full([5, 5], b"south", object)}
    with pytest.raises(tf.errors.InvalidArgumentError, match="wind: expected one of calm, north"):
        forecaster.padded(*map(tf.constant, wrong.values()))


def test_exported_it_says_the_same(forecaster, tmp_path):
    one = {"value": np.ones([1, 4], "float32"), "length": np.array([4], "int32")}
    warmup = [("padded", {**one, "wind": np.full([1, 4], b"calm", object)})]
    export_saved_model(forecaster, forecaster.signatures, tmp_path / "f", 1, warmup, model_name="f")
    answer = zoo.load(tmp_path / "f")(**GIVEN)
    wanted = forecaster.padded(*map(tf.constant, GIVEN.values()))
    for name, value in wanted.items():
        np.testing.assert_array_equal(answer[name], value)
