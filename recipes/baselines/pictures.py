"""Plain methods on pixels, by scikit-learn: majority, nearest centroid, logistic regression."""

import warnings

import numpy as np

from zoo.errors import InputError


def picture_baselines(
    train: tuple[np.ndarray, np.ndarray], judged: tuple[np.ndarray, np.ndarray]
) -> dict[str, np.ndarray]:
    """Returns for each method whether it is right about each judged picture.

    A class without a training picture is never said.

    Args:
        train, judged: pixels uint8 [count, height, width] and classes int [count].

    Returns:
        Method name -> bool [judged].

    Raises:
        InputError: scikit-learn is missing.
    """
    try:
        from sklearn.dummy import DummyClassifier
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression
        from sklearn.neighbors import NearestCentroid
    except ImportError:
        raise InputError(
            "the plain methods on pictures need scikit-learn: pip install rnn-zoo[metrics]"
        ) from None
    methods = {
        "majority class": DummyClassifier(strategy="most_frequent"),
        "nearest centroid of the pixels": NearestCentroid(),
        # More iterations do not make it better on pictures that it has not seen.
        "logistic regression on the pixels": LogisticRegression(max_iter=100),
    }
    if len(np.unique(train[1])) == 1:
        # Two of them refuse to learn from one class; there is one thing to say.
        methods = dict.fromkeys(methods, methods["majority class"])
    pixels, asked = _flat(train[0]), _flat(judged[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return {
            name: method.fit(pixels, train[1]).predict(asked) == judged[1]
            for name, method in methods.items()
        }


def _flat(images):
    return images.reshape(len(images), -1).astype("float32") / 255
