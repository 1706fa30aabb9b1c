"""Local attention against Luong's formulas in NumPy."""

import numpy as np
import pytest

import zoo.attention
from zoo.errors import InputError

RNG = np.random.default_rng(5)
LENGTHS = (9, 4, 1, 0)
MASK = np.arange(9) < np.array(LENGTHS)[:, None]
QUERIES = RNG.normal(size=(4, 6, 3)).astype("float32")
VALUES = RNG.normal(size=(4, 9, 3)).astype("float32")


def local_weights(b, i, centre, window, gaussian):
    weights = np.zeros(9)
    near = [j for j in range(LENGTHS[b]) if centre - window <= j <= centre + window]
    total = sum(np.exp(QUERIES[b, i] @ VALUES[b, j]) for j in near)
    for j in near:
        weights[j] = np.exp(QUERIES[b, i] @ VALUES[b, j]) / total
        if gaussian:
            weights[j] *= np.exp(-((j - centre) ** 2) / (2 * (window / 2) ** 2))
    return weights


@pytest.mark.parametrize("gaussian", [False, True])
@pytest.mark.parametrize("window", [1, 3])
def test_local_monotonic(window, gaussian):
    attention = zoo.attention.get("local_monotonic", score="dot", window=window, gaussian=gaussian)
    memory = attention.memory(VALUES, MASK)
    _, at_once, at_once_state = attention(QUERIES, memory)
    state = attention.get_initial_state(4, 9)
    for i in range(6):
        context, weights, state = attention(QUERIES[:, i], memory, state)
        for b in range(4):
            centre = min(i, LENGTHS[b] - 1)
            expected = local_weights(b, i, centre, window, gaussian)
            np.testing.assert_allclose(weights[b], expected, rtol=1e-5, atol=1e-7)
            np.testing.assert_allclose(context[b], expected @ VALUES[b], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(at_once[:, i], weights, rtol=1e-6, atol=1e-7)
    assert state.step.numpy().tolist() == at_once_state.step.numpy().tolist() == [6] * 4


def test_local_monotonic_goes_on_where_its_state_says():
    attention = zoo.attention.get("local_monotonic", score="dot", window=2)
    memory = attention.memory(VALUES, MASK)
    _, whole, _ = attention(QUERIES, memory)
    _, first, state = attention(QUERIES[:, :2], memory)
    _, rest, _ = attention(QUERIES[:, 2:], memory, state)
    np.testing.assert_allclose(np.concatenate([first, rest], 1), whole, rtol=1e-6)


def test_local_predictive():
    attention = zoo.attention.get("local_predictive", units=5, score="dot", window=3)
    memory = attention.memory(VALUES, MASK)
    context, weights, state = attention(QUERIES, memory)
    w = {w.path.split("/", 1)[1]: w.numpy().astype("float64") for w in attention.weights}
    assert sorted(w) == ["position/kernel", "position_hidden/kernel"]
    assert state == ()
    for b in range(4):
        for i in range(6):
            hidden = np.tanh(QUERIES[b, i] @ w["position_hidden/kernel"])
            (logit,) = hidden @ w["position/kernel"]
            expected = local_weights(b, i, LENGTHS[b] / (1 + np.exp(-logit)), 3, True)
            np.testing.assert_allclose(weights[b, i], expected, rtol=1e-4, atol=1e-6)
            np.testing.assert_allclose(context[b, i], expected @ VALUES[b], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("window", [0, -1, 1.5, True, None])
def test_a_window_must_be_a_whole_number_above_zero(window):
    with pytest.raises(InputError, match="window must be a whole number above 0, not"):
        zoo.attention.get("local_monotonic", window=window)


def test_a_score_must_be_a_content_attention():
    allowed = "additive, concat, dot, general, normalised_additive, scaled_dot"
    with pytest.raises(InputError, match=f"score must be one of .*{allowed}.*, not 'hard'"):
        zoo.attention.get("local_predictive", units=4, score="hard")
