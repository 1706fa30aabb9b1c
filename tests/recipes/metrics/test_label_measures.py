"""Accuracy and macro F1, against counts made by hand."""

import numpy as np

from recipes.metrics.classification import label_measures


def test_equals_the_definition():
    random = np.random.default_rng(0)
    truth = random.choice(list("abcd"), 300, p=[0.6, 0.2, 0.15, 0.05])
    said = np.where(random.random(300) < 0.6, truth, random.choice(list("abc"), 300))
    f1 = []
    for label in "abcd":
        hit = np.sum((truth == label) & (said == label))
        f1.append(2 * hit / (np.sum(truth == label) + np.sum(said == label)))
    measured = label_measures(list(truth), list(said))
    np.testing.assert_allclose(measured["accuracy"], np.mean(truth == said))
    np.testing.assert_allclose(measured["macro_f1"], np.mean(f1))


def test_a_label_that_is_never_right_counts_as_zero():
    assert label_measures(["a", "b"], ["a", "a"]) == {"accuracy": 0.5, "macro_f1": 1 / 3}
