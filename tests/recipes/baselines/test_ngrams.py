import itertools

import numpy as np
import pytest

from recipes.baselines.ngrams import NGrams


def test_it_is_witten_bells_formula():
    # After "a": b twice, c once; in all: a 3, b 3, c 1; V is 3 and one for the unseen.
    model = NGrams(["ababac", "b"], order=2)
    base = 1 / 4
    unigram = {"a": (3 + 3 * base) / 10, "b": (3 + 3 * base) / 10, "c": (1 + 3 * base) / 10}
    assert model.probability("a", "b") == pytest.approx((2 + 2 * unigram["b"]) / 5)
    assert model.probability("a", "a") == pytest.approx((0 + 2 * unigram["a"]) / 5)
    # A history that was never seen, or that nothing came after, says what the shorter one does.
    assert model.probability("c", "a") == pytest.approx(unigram["a"])
    assert model.probability("xb", "a") == model.probability("b", "a")
    assert model.nats("ab") == pytest.approx(
        -np.log(unigram["a"]) - np.log(model.probability("a", "b"))
    )


@pytest.mark.parametrize("order", [1, 2, 4])
def test_probabilities_sum_to_one(order):
    text = "".join(np.random.default_rng(0).choice(list("abc"), 50))
    model = NGrams([text], order)
    for history in itertools.product("abcx", repeat=3):
        # "?" stands for all that was never seen.
        total = sum(model.probability(history, token) for token in "abc?")
        assert total == pytest.approx(1)


def test_a_higher_order_knows_more_of_what_repeats():
    nats = [NGrams(["abcabd" * 30], order).nats("abcabd" * 5) for order in (1, 2, 3, 4)]
    assert nats == sorted(nats, reverse=True)
