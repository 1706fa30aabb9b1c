"""Word vectors that start from what naive Bayes says."""

import numpy as np

from recipes.label_vectors import label_vectors
from zoo.text import Vocabulary


def test_vectors_differ_by_the_log_count_ratio():
    texts = [["good", "film"], ["good"], ["bad", "film", "film"], ["dull"]]
    labels = ["yes", "yes", "no", "no"]
    vocabulary = Vocabulary(["good", "film", "bad", "dull"])
    vectors = label_vectors(texts, labels, vocabulary, 400, scale=5.0)
    assert vectors.shape == (8, 400)
    # Texts that hold each word, one added; the four special tokens have none.
    yes = np.array([1, 1, 1, 1, 3, 2, 1, 1.0])
    no = np.array([1, 1, 1, 1, 1, 2, 2, 2.0])
    ratio = np.log(yes / yes.sum()) - np.log(no / no.sum())
    ratio[:4] = 0
    # Two labels: r of the one is minus that of the other, along d_yes - d_no.
    moved = vectors - label_vectors(texts, labels, vocabulary, 400, scale=0.0)
    axis = moved[4] / np.linalg.norm(moved[4])
    np.testing.assert_allclose(moved @ axis / np.linalg.norm(moved[4]) * ratio[4], ratio, atol=1e-5)
    assert np.abs(vectors[:4]).max() <= 0.05
