"""Resampling against SciPy, row by row."""

import numpy as np
import pytest
import tensorflow as tf

from zoo.audio.resampling import resample

signal = pytest.importorskip("scipy.signal")
ROWS = [(1000, 16000), (1001, 16000), (999, 44100), (500, 4000), (501, 4000), (640, 8000), (0, 1)]


@pytest.fixture(scope="module")
def graph():
    specs = [tf.TensorSpec([None, None]), *[tf.TensorSpec([None], tf.int32)] * 2]
    return tf.function(lambda w, n, r: resample(w, n, r, 8000), input_signature=specs)


def test_each_row_is_what_scipy_makes_of_it(graph):
    random = np.random.default_rng(0)
    sounds = [random.normal(size=size).astype("float32") for size, _ in ROWS]
    rows = np.full([len(ROWS), 1100], 9.0, "float32")
    for row, sound in zip(rows, sounds, strict=True):
        row[: len(sound)] = sound
    lengths = np.array([size for size, _ in ROWS], "int32")
    rates = np.array([max(rate, 1000) for _, rate in ROWS], "int32")
    found, new_lengths = graph(rows, lengths, rates)
    for row, (sound, rate) in enumerate(zip(sounds, rates, strict=True)):
        size = -(-len(sound) * 8000 // int(rate))
        assert new_lengths[row] == size
        wanted = signal.resample(sound, size) if size else sound
        np.testing.assert_allclose(found[row, :size], wanted, atol=2e-5)
        assert not np.any(found[row, size:])


def test_rows_of_the_right_rate_are_handed_on(graph):
    rows = np.ones([2, 5], "float32")
    found, lengths = graph(rows, np.array([5, 3]), np.array([8000, 8000]))
    np.testing.assert_array_equal(found, rows)
    assert lengths.numpy().tolist() == [5, 3]


def test_a_rate_that_is_none_is_refused(graph):
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected 1000 samples a second"):
        graph(np.ones([1, 5], "float32"), np.array([5]), np.array([0]))
