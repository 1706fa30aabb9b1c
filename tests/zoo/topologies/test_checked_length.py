"""Lengths that do not fit are refused, in eager code, in graphs and in what is exported."""

import doctest
import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.errors import InputError
from zoo.topologies import checked_length
from zoo.topologies.checked_length import CheckedLength

FEATURES = np.ones([2, 3, 1], "float32")
WRONG = [([4, 0], "4 in row 0"), ([3, -1], "-1 in row 1"), ([2], "got 1 lengths; expected 2")]


@pytest.fixture(scope="module")
def model():
    settings = {"num_classes": 2, "num_features": 1, "units": 2, "crf": True}
    return zoo.build("n_to_n", **settings)


@pytest.mark.parametrize(("length", "said"), WRONG)
def test_eager_code_names_the_row_in_one_line(model, length, said):
    with pytest.raises(InputError, match=said) as caught:
        model({"features": FEATURES, "length": np.array(length)})
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    path = str(tmp_path_factory.mktemp("checked"))
    specs = {key: tf.TensorSpec(x.shape, x.dtype, key) for key, x in model.input.items()}
    module = tf.Module()
    module.weights = [variable.value for variable in model.variables]
    module.serve = tf.function(functools.partial(model, training=False), [specs])
    tf.saved_model.save(module, path, signatures=module.serve)
    return tf.saved_model.load(path).signatures["serving_default"]


@pytest.mark.parametrize(("length", "said"), WRONG)
def test_graphs_and_exports_refuse_when_they_run(model, exported, length, said):
    given = {"features": tf.constant(FEATURES), "length": tf.constant(length)}
    if len(length) == 2:
        with pytest.raises(tf.errors.InvalidArgumentError, match="expected lengths from 0 to size"):
            tf.function(model)(given)
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected lengths from 0 to size"):
        exported(**given)


def test_right_lengths_are_handed_on(model, exported):
    given = {"features": tf.constant(FEATURES), "length": tf.constant([3, 0])}
    np.testing.assert_allclose(exported(**given)["score"], model(given)["score"], atol=1e-6)


def test_any_axis_and_the_config():
    layer = CheckedLength.from_config(CheckedLength(axis=2, name="width").get_config())
    picture = tf.zeros([1, 2, 5, 1])
    assert layer(tf.constant([5]), picture).numpy() == [5]
    with pytest.raises(InputError, match="width: 6 in row 0; expected a length from 0 to 5"):
        layer(tf.constant([6]), picture)
    assert layer(keras.Input([]), keras.Input([2, 5, 1])).dtype == "int32"


def test_the_message_stays_one_line_in_a_model():
    length, values = keras.Input([], dtype="int32"), keras.Input([None, 1])
    model = keras.Model([length, values], CheckedLength(name="checked")(length, values))
    with pytest.raises(InputError) as caught:
        model([tf.constant([3]), tf.zeros([1, 2, 1])])
    assert str(caught.value).startswith("checked: 3 in row 0") and "\n" not in str(caught.value)


def test_the_example_runs():
    result = doctest.testmod(checked_length)
    assert result.attempted and not result.failed
