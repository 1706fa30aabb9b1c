"""The plain methods on pixels, against scikit-learn and by hand."""

import numpy as np
import pytest

from recipes.baselines.pictures import picture_baselines


def made(count, seed):
    random = np.random.default_rng(seed)
    classes = random.integers(0, 3, count)
    centres = np.random.default_rng(9).integers(60, 190, (3, 4, 4))
    pixels = centres[classes] + random.normal(0, 45, (count, 4, 4))
    return pixels.clip(0, 255).astype("uint8"), classes


def test_against_scikit_learn():
    linear = pytest.importorskip("sklearn.linear_model")
    neighbors = pytest.importorskip("sklearn.neighbors")
    train, judged = made(1500, 1), made(800, 2)
    found = picture_baselines(train, judged)
    flat = [part[0].reshape(len(part[0]), -1) / 255 for part in (train, judged)]
    nearest = neighbors.NearestCentroid().fit(flat[0], train[1]).predict(flat[1])
    np.testing.assert_array_equal(found["nearest centroid of the pixels"], nearest == judged[1])
    best = linear.LogisticRegression(max_iter=1000).fit(flat[0], train[1]).score(flat[1], judged[1])
    assert abs(found["logistic regression on the pixels"].mean() - best) < 0.03
    most = np.bincount(train[1]).argmax()
    np.testing.assert_array_equal(found["majority class"], judged[1] == most)


def test_a_class_without_training_pictures_is_never_said():
    pixels, classes = made(60, 1)
    found = picture_baselines((pixels[classes < 2], classes[classes < 2]), (pixels, classes))
    for right in found.values():
        assert not right[classes == 2].any()
