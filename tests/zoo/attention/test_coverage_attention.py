"""Coverage against See et al.'s formulas in NumPy."""

import numpy as np
import pytest
import tensorflow as tf

import zoo.attention
from zoo.attention import coverage_loss
from zoo.errors import InputError

RNG = np.random.default_rng(9)


def test_weights_and_coverage_over_three_steps():
    queries, values = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 5, 6))
    attention = zoo.attention.get("coverage", units=7, dtype="float64")
    attention.build((None, 4), (None, 5, 6))
    for weight in attention.weights:
        weight.assign(RNG.normal(size=weight.shape))
    w = {w.path.split("/", 1)[1].removeprefix("scorer/"): w.numpy() for w in attention.weights}
    memory = attention.memory(values)
    state, coverage = attention.get_initial_state(2, 5, "float64"), np.zeros((2, 5))
    for i in range(3):
        context, weights, state = attention(queries[:, i], memory, state)
        for b in range(2):
            query = queries[b, i] @ w["query_projection/kernel"] + w["query_projection/bias"]
            scores = np.zeros(5)
            for j in range(5):
                key = values[b, j] @ w["key_projection/kernel"]
                hidden = np.tanh(query + key + w["coverage_vector"] * coverage[b, j])
                scores[j] = w["scoring_vector"] @ hidden
            expected = np.exp(scores) / np.exp(scores).sum()
            np.testing.assert_allclose(weights[b], expected, rtol=1e-6)
            np.testing.assert_allclose(context[b], expected @ values[b], rtol=1e-6)
            coverage[b] += expected
        np.testing.assert_allclose(state.coverage, coverage, rtol=1e-6)


def test_only_additive_scores_take_coverage():
    with pytest.raises(InputError, match="score must be one of additive, concat, normalised_add"):
        zoo.attention.get("coverage", units=7, score="dot")


def test_the_loss_is_the_overlap_of_each_step_with_those_before():
    weights = RNG.dirichlet(np.ones(5), size=(2, 4))
    step_mask = np.array([[1, 1, 1, 0], [1, 1, 0, 0]], bool)
    terms = []
    for b, steps in enumerate((3, 2)):
        coverage = np.zeros(5)
        for i in range(steps):
            terms.append(np.minimum(weights[b, i], coverage).sum())
            coverage += weights[b, i]
    assert float(coverage_loss(weights, step_mask)) == pytest.approx(np.mean(terms))


def test_the_loss_at_its_bounds():
    apart = np.eye(4)[None]
    assert float(coverage_loss(apart)) == 0
    same = np.repeat(np.eye(4)[:1], 4, axis=0)[None]
    assert float(coverage_loss(same)) == pytest.approx(3 / 4)
    assert float(coverage_loss(apart, np.zeros((1, 4), bool))) == 0


def test_descending_the_loss_spreads_the_attention():
    logits = tf.Variable(RNG.normal(size=(1, 2, 6)))
    before = float(coverage_loss(tf.nn.softmax(logits)))
    for _ in range(100):
        with tf.GradientTape() as tape:
            loss = coverage_loss(tf.nn.softmax(logits))
        logits.assign_sub(2.0 * tape.gradient(loss, logits))
    assert float(coverage_loss(tf.nn.softmax(logits))) < before / 4
