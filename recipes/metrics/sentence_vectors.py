"""What sentence vectors are good for: linear classifiers on them, and finding the next sentence."""

from collections.abc import Callable, Sequence

import numpy as np

from zoo.errors import InputError


def linear_accuracy(
    train: np.ndarray, labels: Sequence[int], asked: np.ndarray, truth: Sequence[int]
) -> float:
    """Returns the accuracy of logistic regression on frozen vectors.

    The strength of its penalty is chosen by five-fold cross-validation on the training vectors.

    Args:
        train: float [N, D], standardised here with its own mean and spread.
        labels: labels of the training vectors.
        asked: float [M, D].
        truth: Their labels.

    Raises:
        InputError: scikit-learn is missing.
    """
    try:
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import GridSearchCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
    except ImportError:
        raise InputError(
            "classifiers on frozen vectors need scikit-learn: pip install rnn-zoo[metrics]"
        ) from None
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    grid = {"logisticregression__C": [0.001, 0.01, 0.1]}
    search = GridSearchCV(classifier, grid, cv=5)
    return float(search.fit(train, labels).score(asked, truth))


def share_found(
    score: Callable[[Sequence[int], Sequence[int]], np.ndarray], count: int, group: int = 100
) -> dict[str, float]:
    """Measures how often each item's own partner is scored highest among those of its group.

    Args:
        score: (rows, columns) -> [len(rows), len(columns)], higher where column j is rather the
            partner of row i; the partner of i is i.
        count: How many items there are; what does not fill a last group is left out.
        group: Items a group.

    Returns:
        `found_first`, `found_among_10` and `median_rank` (1 is best).
    """
    ranks = []
    for start in range(0, count - group + 1, group):
        rows = range(start, start + group)
        scores = score(rows, rows)
        own = np.diagonal(scores)[:, None]
        # A tie counts half against it: a constant score must not look like a good one.
        ranks += (1 + (scores > own).sum(1) + ((scores == own).sum(1) - 1) / 2).tolist()
    ranks = np.array(ranks)
    return {
        "found_first": float(np.mean(ranks <= 1)),
        "found_among_10": float(np.mean(ranks <= 10)),
        "median_rank": float(np.median(ranks)),
    }
