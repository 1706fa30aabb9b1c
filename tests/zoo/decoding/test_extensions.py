import numpy as np
import pytest
import tensorflow as tf

from zoo.decoding.extensions import (
    Normaliser,
    best_extensions,
    block_size,
    log_probability_of,
    most_probable,
    normaliser_of,
)


def plain(rows):
    """A normaliser that changes nothing."""
    return Normaliser(tf.zeros([rows]), tf.zeros([rows]))


def expected_of(totals, logits):
    """A stable sort of all sums."""
    batch, width = totals.shape
    sums = (logits.reshape(batch, width, -1) + totals[:, :, None]).reshape(batch, -1)
    order = np.argsort(-sums, axis=1, kind="stable")[:, :width]
    num_tokens = logits.shape[1]
    return np.take_along_axis(sums, order, 1), order // num_tokens, order % num_tokens


@pytest.mark.parametrize("num_tokens", [5, 255, 256, 257, 1000, 1009])
@pytest.mark.parametrize("width", [1, 7])
@pytest.mark.parametrize("levels", [None, 3], ids=["distinct", "many ties"])
def test_equals_a_stable_sort(num_tokens, width, levels):
    random = np.random.default_rng(num_tokens + width)
    totals = random.normal(size=[4, width]).astype(np.float32)
    logits = random.normal(size=[4 * width, num_tokens]).astype(np.float32)
    if levels:
        totals, logits = np.round(totals), np.round(logits * levels / 3)
    logits[:, ::3] = -np.inf
    found = best_extensions(totals, logits, plain(4 * width))
    for one, expected in zip(found, expected_of(totals, logits), strict=True):
        np.testing.assert_array_equal(one, expected)


@pytest.mark.parametrize("num_tokens", [300, 307])
def test_where_nothing_may_come_the_ids_are_still_tokens(num_tokens):
    logits = np.full([6, num_tokens], -np.inf, np.float32)
    logits[2, num_tokens - 1] = 1.0
    sums, slots, tokens = best_extensions(tf.zeros([2, 3]), tf.constant(logits), plain(6))
    assert sums.numpy().tolist() == [[1, -np.inf, -np.inf], [-np.inf] * 3]
    assert (int(slots[0, 0]), int(tokens[0, 0])) == (2, num_tokens - 1)
    assert np.all((tokens.numpy() >= 0) & (tokens.numpy() < num_tokens))
    assert np.all((slots.numpy() >= 0) & (slots.numpy() < 3))


@pytest.mark.parametrize("num_tokens", [5, 256, 307, 1000])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_most_probable_is_the_first_greatest(num_tokens, jit_compile):
    logits = np.random.default_rng(num_tokens).normal(size=[40, num_tokens]).astype(np.float32)
    logits[20:] = np.round(logits[20:])
    logits[38] = -np.inf
    logits[39] = 0.0
    found = tf.function(most_probable, jit_compile=jit_compile)(tf.constant(logits))
    np.testing.assert_array_equal(found, logits.argmax(axis=1))


def test_of_an_unknown_vocabulary():
    logits = np.random.default_rng(0).normal(size=[6, 400]).astype(np.float32)
    totals = np.zeros([2, 3], np.float32)
    unknown = tf.function(
        lambda totals, logits: best_extensions(totals, logits, plain(6)),
        input_signature=[tf.TensorSpec([None, 3]), tf.TensorSpec([None, None])],
    )(totals, logits)
    for one, expected in zip(unknown, expected_of(totals, logits), strict=True):
        np.testing.assert_array_equal(one, expected)


def test_blocks_are_near_the_root():
    for num_tokens in range(256, 5000):
        size = block_size(num_tokens)
        root = num_tokens**0.5
        assert root / 2 - 1 <= size <= 2 * root


@pytest.mark.parametrize("shift", [0.0, 1e4, -1e6])
def test_log_probabilities_keep_their_digits_far_from_zero(shift):
    logits = np.array([[0.0, 9.5], [3.25, 3.25], [-np.inf, 3.0], [-200.0, 0.0]]) + shift
    logits = logits.astype(np.float32)
    tokens = np.array([1, 0, 1, 0])
    exact = logits.astype(np.float64)
    expected = exact[range(4), tokens] - np.logaddexp.reduce(exact, axis=1)
    found = log_probability_of(tf.constant(tokens), tf.constant(logits))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-7)
    found, _, _ = best_extensions(tf.zeros([4, 1]), logits, normaliser_of(tf.constant(logits)))
    best = exact.max(axis=1) - np.logaddexp.reduce(exact, axis=1)
    np.testing.assert_allclose(found[:, 0], best, rtol=1e-3, atol=1e-7)


def test_compiled():
    random = np.random.default_rng(5)
    totals = random.normal(size=[4, 3]).astype(np.float32)
    logits = random.normal(size=[12, 307]).astype(np.float32)
    compiled = tf.function(best_extensions, jit_compile=True)
    found = compiled(tf.constant(totals), tf.constant(logits), plain(12))
    for one, expected in zip(found, expected_of(totals, logits), strict=True):
        np.testing.assert_array_equal(one, expected)
