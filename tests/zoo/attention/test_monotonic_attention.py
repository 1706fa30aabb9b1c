"""Monotonic attention against the process that it stands for."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

import zoo.attention
from zoo.attention.monotonic import expected_alignment, hard_alignment

RNG = np.random.default_rng(7)


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x, "float64")))


def recursion(p, previous):
    """Equations 9 and 10 of the paper, one position after another."""
    alignment = np.zeros_like(p)
    for b in range(len(p)):
        q = 0.0
        for j in range(p.shape[1]):
            q = (1 - p[b, j - 1]) * q + previous[b, j] if j else previous[b, j]
            alignment[b, j] = p[b, j] * q
    return alignment


def test_expected_alignment_is_the_recursion_over_several_steps():
    mask = np.arange(8) < np.array([8, 3, 0])[:, None]
    exact = alignment = np.eye(8)[[0, 0, 0]]
    for _ in range(4):
        scores = RNG.normal(scale=3, size=(3, 8))
        alignment = expected_alignment(scores, mask, alignment)
        exact = recursion(sigmoid(scores) * mask, exact)
        np.testing.assert_allclose(alignment, exact, rtol=1e-9, atol=1e-20)


def test_expected_alignment_is_the_mean_of_the_hard_one():
    """Every outcome of the coin tosses of two steps, each with its probability."""
    positions, steps = 3, 2
    scores = RNG.normal(size=(steps, positions))
    p = sigmoid(scores)
    mask = np.ones((1, positions), bool)
    mean = np.zeros((steps, positions))
    for tosses in itertools.product([0, 1], repeat=steps * positions):
        tosses = np.array(tosses).reshape(steps, positions)
        probability = np.prod(np.where(tosses, p, 1 - p))
        alignment = np.eye(positions)[[0]]
        for i in range(steps):
            alignment = hard_alignment(tosses[[i]] - 0.5, mask, alignment)
            mean[i] += probability * alignment.numpy()[0]
    alignment = np.eye(positions)[[0]]
    for i in range(steps):
        alignment = expected_alignment(scores[[i]], mask, alignment)
        np.testing.assert_allclose(alignment[0], mean[i], rtol=1e-9)


def test_a_long_memory_loses_nothing():
    """A cumulative product of 1 - p underflows here; the published parallel form clips it."""
    scores = RNG.normal(size=(2, 400)).astype("float32")
    previous = np.eye(400, dtype="float32")[[390, 0]]
    alignment = expected_alignment(scores, np.ones((2, 400), bool), previous)
    exact = recursion(sigmoid(scores), previous)
    np.testing.assert_allclose(alignment, exact, rtol=1e-3, atol=1e-6)
    assert np.asarray(alignment)[0, 390:].sum() > 0.9


@pytest.mark.parametrize("scale", [1.0, 40.0])
def test_gradients_are_those_of_the_recursion(scale):
    scores = tf.constant(RNG.normal(scale=scale, size=(2, 6)))
    previous = tf.constant([[0.5, 0, 0.25, 0, 0, 0], [0, 0, 0, 0, 0, 0]], tf.float64)
    mask = np.arange(6) < np.array([[5], [6]])
    towards = RNG.normal(size=(2, 6))

    def value(s, a):
        return np.sum(towards * recursion(sigmoid(s) * mask, a))

    with tf.GradientTape() as tape:
        tape.watch([scores, previous])
        total = tf.reduce_sum(towards * expected_alignment(scores, mask, previous))
    of_scores, of_previous = (g.numpy() for g in tape.gradient(total, [scores, previous]))
    for b, j in np.ndindex(2, 6):
        step = np.zeros((2, 6))
        step[b, j] = 1e-6
        slope = (value(scores + step, previous) - value(scores - step, previous)) / 2e-6
        assert of_scores[b, j] == pytest.approx(slope, rel=1e-5, abs=1e-8)
        if previous[b, j] > 0:
            slope = (value(scores, previous + step) - value(scores, previous - step)) / 2e-6
            assert of_previous[b, j] == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_inference_stops_at_the_first_position_that_asks_for_it():
    mask = np.array([[1, 1, 1, 1, 0]], bool)

    def step(scores, previous):
        return hard_alignment(np.array([scores], "float32"), mask, previous).numpy()

    at = np.eye(5, dtype="float32")
    np.testing.assert_array_equal(step([-1, 2, 3, -1, 9], at[[0]]), at[[1]])
    np.testing.assert_array_equal(step([9, -2, 3, 4, 9], at[[1]]), at[[2]])
    np.testing.assert_array_equal(step([9, 9, 9, -1, 9], at[[2]]), at[[2]])
    np.testing.assert_array_equal(step([9, 9, -9, -1, 9], at[[2]]), 0 * at[[0]])
    np.testing.assert_array_equal(step([9, 9, 9, 9, 9], 0 * at[[0]]), 0 * at[[0]])


@pytest.mark.parametrize("training", [False, True])
def test_the_layer_is_scores_and_offset_through_these_functions(training):
    values, queries = RNG.normal(size=(2, 5, 4)), RNG.normal(size=(2, 3, 4))
    attention = zoo.attention.get("monotonic", score="dot", noise=0.0, offset=0.5, dtype="float64")
    memory = attention.memory(values)
    state, alignment = attention.get_initial_state(2, 5, "float64"), np.eye(5)[[0, 0]]
    for i in range(3):
        scores = np.einsum("bd,bnd->bn", queries[:, i], values) + 0.5
        if training:
            alignment = recursion(sigmoid(scores), alignment)
        else:
            alignment = hard_alignment(scores, np.ones((2, 5), bool), alignment).numpy()
        context, weights, state = attention(queries[:, i], memory, state, training=training)
        np.testing.assert_allclose(weights, alignment, rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(context, np.einsum("bn,bnd->bd", alignment, values), rtol=1e-6)


def test_noise_is_there_in_training_only_and_has_its_size():
    attention = zoo.attention.get("monotonic", score="dot", noise=2.0, offset=0.0, seed=1)
    memory = attention.memory(np.zeros((20000, 1, 1), "float32"))
    _, weights, _ = attention(np.zeros((20000, 1), "float32"), memory, training=True)
    logits = np.log(weights) - np.log1p(-np.asarray(weights, "float64"))
    assert logits.mean() == pytest.approx(0, abs=0.06)
    assert logits.std() == pytest.approx(2.0, rel=0.03)
    _, weights, _ = attention(np.zeros((20000, 1), "float32"), memory, training=False)
    assert not weights.numpy().any()
