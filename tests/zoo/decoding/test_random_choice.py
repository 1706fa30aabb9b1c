import numpy as np
import pytest
import tensorflow as tf

from zoo.decoding import choose_randomly
from zoo.errors import InputError

DRAWS = 20_000
LOGITS = np.array([1.0, -2.0, 0.5, 2.0, -0.3, 0.0], np.float32)


def frequencies(logits=LOGITS, seed=(3, 4), **settings):
    rows = tf.tile(tf.constant(logits)[None], [DRAWS, 1])
    tokens = choose_randomly(rows, 0, seed=tf.constant(seed), **settings)
    return np.bincount(tokens, minlength=len(logits)) / DRAWS


def softmax(logits):
    weights = np.exp(logits - np.max(logits))
    return weights / weights.sum()


def assert_drawn_from(observed, probabilities):
    # Five standard deviations of a frequency.
    allowed = 5 * np.sqrt(probabilities * (1 - probabilities) / DRAWS)
    assert np.all(np.abs(observed - probabilities) <= allowed)


@pytest.mark.parametrize("temperature", [1.0, 0.5, tf.constant(2.0)], ids=str)
def test_frequencies_are_the_softmax(temperature):
    observed = frequencies(temperature=temperature)
    assert_drawn_from(observed, softmax(LOGITS / np.float32(temperature)))


@pytest.mark.parametrize("top_k", [1, 3, tf.constant(3), 100], ids=str)
def test_only_the_top_k_are_drawn(top_k):
    kept = np.argsort(-LOGITS)[: int(top_k)]
    expected = np.zeros(6)
    expected[kept] = softmax(LOGITS[kept])
    assert_drawn_from(frequencies(top_k=top_k), expected)


@pytest.mark.parametrize("top_p", [0.2, 0.7, tf.constant(0.9)], ids=str)
@pytest.mark.parametrize("top_k", [0, 4])
def test_only_the_nucleus_is_drawn(top_k, top_p):
    order = np.argsort(-LOGITS)[: top_k or 6]
    probabilities, kept = softmax(LOGITS[order]), 0
    while probabilities[:kept].sum() < float(top_p):
        kept += 1
    expected = np.zeros(6)
    expected[order[:kept]] = softmax(LOGITS[order[:kept]])
    assert_drawn_from(frequencies(top_k=top_k, top_p=top_p), expected)


@pytest.mark.parametrize("settings", [{}, {"top_k": 5}, {"top_p": 0.99}], ids=str)
def test_what_has_no_probability_is_never_drawn(settings):
    logits = np.array([-np.inf, 0.0, -np.inf, 1.0, 0.5, -np.inf], np.float32)
    observed = frequencies(logits, **settings)
    assert observed[[0, 2, 5]].sum() == 0
    if "top_p" not in settings:
        assert_drawn_from(observed, softmax(logits))


@pytest.mark.parametrize("temperature", [0, 0.0, tf.constant(0.0)], ids=str)
@pytest.mark.parametrize("settings", [{}, {"top_k": 3}, {"top_p": 0.5}], ids=str)
def test_no_temperature_is_the_most_probable(temperature, settings):
    assert frequencies(temperature=temperature, **settings)[3] == 1


def test_the_same_seed_and_index_draw_the_same():
    rows = tf.random.stateless_normal([50, 9], [0, 0])
    first = choose_randomly(rows, 3, seed=[1, 2])
    np.testing.assert_array_equal(first, choose_randomly(rows, tf.constant(3), seed=[1, 2]))
    assert np.any(first != choose_randomly(rows, 4, seed=[1, 2]))
    assert np.any(first != choose_randomly(rows, 3, seed=[1, 3]))


def test_with_its_own_seed_a_row_does_not_depend_on_its_place():
    rows = tf.random.stateless_normal([6, 30], [0, 0])
    seeds = tf.constant([[i, 7] for i in range(6)])
    index = tf.constant([0, 1, 2, 0, 1, 2])
    together = choose_randomly(rows, index, seed=seeds)
    turned = choose_randomly(rows[::-1], index[::-1], seed=seeds[::-1])
    np.testing.assert_array_equal(together, turned[::-1])
    for row in range(6):
        alone = choose_randomly(rows[row : row + 1], index[row], seed=seeds[row])
        assert int(alone[0]) == int(together[row])


def test_settings_may_differ_by_row():
    rows = tf.tile(tf.constant(LOGITS)[None], [4, 1])
    for draw in range(40):
        tokens = choose_randomly(
            rows, draw, seed=[5, 6],
            temperature=tf.constant([0.0, 5.0, 5.0, 5.0]),
            top_k=tf.constant([0, 1, 2, 0]),
            top_p=tf.constant([1.0, 1.0, 1.0, 1e-6]),
        ).numpy()  # fmt: skip
        assert tokens[0] == tokens[1] == tokens[3] == 3 and tokens[2] in (0, 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": -1.0}, "temperature is -1.0"),
        ({"temperature": float("nan")}, "temperature is nan; it must be 0 or more"),
        ({"top_k": -1}, "top_k is -1"),
        ({"top_k": 1.5}, "top_k is 1.5"),
        ({"top_p": 0.0}, "top_p is 0.0"),
        ({"top_p": 1.5}, "top_p is 1.5"),
        ({"seed": 3}, r"seed has shape \(\)"),
        ({"seed": [1, 2, 3]}, r"seed has shape \(3,\)"),
        ({"index": tf.constant([0])}, "seed for each row"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        choose_randomly(tf.zeros([1, 3]), **{"index": 0, "seed": [1, 2], **settings})
