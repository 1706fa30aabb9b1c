"""The kinds that score by content, against the formulas of their papers in NumPy."""

import numpy as np
import pytest

import zoo.attention
from zoo.errors import InputError

RNG = np.random.default_rng(3)
QUERIES = RNG.normal(size=(3, 2, 4)).astype("float32")
VALUES = RNG.normal(size=(3, 5, 6)).astype("float32")
LENGTHS = (5, 2, 0)
MASK = np.arange(5) < np.array(LENGTHS)[:, None]


def attend(score):
    """Weights and contexts, one pair of query and position after another."""
    weights = np.zeros((3, 2, 5))
    contexts = np.zeros((3, 2, 6))
    for b, length in enumerate(LENGTHS):
        for i in range(2):
            exponentials = [np.exp(score(QUERIES[b, i], VALUES[b, j])) for j in range(length)]
            for j in range(length):
                weights[b, i, j] = exponentials[j] / sum(exponentials)
                contexts[b, i] += weights[b, i, j] * VALUES[b, j]
    return contexts, weights


def check(attention, score, queries=QUERIES, **tolerance):
    contexts, weights, state = attention(queries, attention.memory(VALUES, MASK))
    expected_contexts, expected_weights = attend(score)
    np.testing.assert_allclose(weights, expected_weights, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(contexts, expected_contexts, rtol=1e-5, atol=1e-6)
    assert state == ()


def built(name, **settings):
    attention = zoo.attention.get(name, **settings)
    attention.build((None, 4), (None, 5, 6))
    for weight in attention.weights:  # biases and scales off their start
        weight.assign(RNG.normal(size=weight.shape))
    return attention


def by_name(attention):
    return {w.path.split("/", 1)[1]: w.numpy().astype("float64") for w in attention.weights}


@pytest.mark.parametrize("use_bias", [False, True])
def test_additive(use_bias):
    attention = built("additive", units=7, use_bias=use_bias)
    w = by_name(attention)
    bias = w["query_projection/bias"] if use_bias else 0

    def score(query, value):
        hidden = query @ w["query_projection/kernel"] + value @ w["key_projection/kernel"] + bias
        return w["scoring_vector"] @ np.tanh(hidden)

    check(attention, score)


def test_normalised_additive():
    attention = built("normalised_additive", units=7)
    w = by_name(attention)
    direction = w["scoring_vector"] / np.linalg.norm(w["scoring_vector"])

    def score(query, value):
        hidden = query @ w["query_projection/kernel"] + value @ w["key_projection/kernel"]
        return w["scale"] * direction @ np.tanh(hidden + w["query_projection/bias"])

    check(attention, score)


def test_normalised_additive_starts_with_a_vector_of_length_one_over_root_units():
    attention = zoo.attention.get("normalised_additive", units=16)
    attention.build((None, 4), (None, 5, 6))
    assert np.linalg.norm(attention.direction()) == pytest.approx(0.25)


def test_concat_is_one_matrix_over_query_and_value_side_by_side():
    attention = built("concat", units=7)
    w = by_name(attention)
    matrix = np.concatenate([w["query_projection/kernel"], w["key_projection/kernel"]])

    def score(query, value):
        return w["scoring_vector"] @ np.tanh(np.concatenate([query, value]) @ matrix)

    check(attention, score)


def test_general():
    attention = built("general")
    matrix = by_name(attention)["query_projection/kernel"]
    check(attention, lambda query, value: query @ matrix @ value)


@pytest.mark.parametrize(("name", "scale"), [("dot", 1), ("scaled_dot", 4**-0.5)])
def test_dot(name, scale):
    attention = zoo.attention.get(name)
    values = VALUES[..., :4]
    contexts, weights, _ = attention(QUERIES, attention.memory(values, MASK))
    _, expected = attend(lambda query, value: scale * query @ value[:4])
    np.testing.assert_allclose(weights, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(contexts, expected @ values, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["dot", "scaled_dot"])
def test_dot_refuses_widths_that_differ(name):
    attention = zoo.attention.get(name)
    memory = attention.memory(VALUES)
    with pytest.raises(InputError, match="as wide as the values, not 4 and 6; 'general' takes"):
        attention(QUERIES, memory)
    local = zoo.attention.get("local_monotonic", score=name)
    with pytest.raises(InputError, match="as wide as the values, not 4 and 6"):
        local(QUERIES, local.memory(VALUES))


def test_scores_beyond_half_precision_do_not_break_the_mask():
    attention = zoo.attention.get("scaled_dot", dtype="mixed_float16")
    values = np.full((1, 3, 4), 100.0, "float16")
    values[0, 2] = 200.0
    memory = attention.memory(values, np.array([[True, True, False]]))
    _, weights, _ = attention(np.full((1, 4), -100.0, "float16"), memory)
    np.testing.assert_array_equal(weights, [[0.5, 0.5, 0.0]])


def test_two_queries_joined_are_scored_by_the_sum_of_their_projections():
    """How a decoder scores from its state and from its previous output at once."""
    attention = built("additive", units=7)
    states, outputs = QUERIES[..., :1], QUERIES[..., 1:]
    w = by_name(attention)
    kernel = w["query_projection/kernel"]

    def score(query, value):
        of_state, of_output = query[:1] @ kernel[:1], query[1:] @ kernel[1:]
        hidden = of_state + of_output + value @ w["key_projection/kernel"]
        return w["scoring_vector"] @ np.tanh(hidden)

    check(attention, score, queries=np.concatenate([states, outputs], -1))
