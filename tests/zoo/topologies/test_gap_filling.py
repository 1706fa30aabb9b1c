"""Gaps are filled with the last measurement, as a plain loop does it."""

import numpy as np
import tensorflow as tf

from zoo.topologies.gap_filling import GapFilling


def test_it_is_a_loop_over_time():
    random = np.random.default_rng(0)
    values = random.normal(size=[4, 37, 3]).astype("float32")
    values[random.random(values.shape) < 0.7] = np.nan
    values[0, :, 0] = np.nan
    wanted = values.copy()
    wanted[:, 0] = np.nan_to_num(wanted[:, 0])
    for step in range(1, 37):
        gap = np.isnan(wanted[:, step])
        wanted[:, step][gap] = wanted[:, step - 1][gap]
    filled, measured = tf.function(GapFilling())(values)
    np.testing.assert_array_equal(filled, wanted)
    np.testing.assert_array_equal(measured, ~np.isnan(values))
