"""The named state of an LSTM."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.cells import LSTMStateTuple


def test_order_and_names():
    state = LSTMStateTuple(c=1, h=2)
    assert tuple(state) == (1, 2)
    assert state._fields == ("c", "h")


def test_dtype_is_that_of_both():
    assert LSTMStateTuple(np.zeros(1, "float32"), np.ones(1, "float32")).dtype == "float32"
    with pytest.raises(TypeError, match="c has dtype float32 and h has dtype float64"):
        _ = LSTMStateTuple(np.zeros(1, "float32"), np.ones(1)).dtype


def test_trees_keep_its_type():
    state = LSTMStateTuple(tf.zeros(2), tf.ones(2))
    for tree in (tf.nest, keras.tree):
        mapped = tree.map_structure(lambda x: x + 1, (state, state))
        assert isinstance(mapped[0], LSTMStateTuple)
        assert [float(x[0]) for x in tree.flatten(mapped)] == [1, 2, 1, 2]
