"""Accuracy and F1 of labels, by scikit-learn."""

from collections.abc import Sequence

from zoo.errors import InputError


def label_measures(truth: Sequence[str], said: Sequence[str]) -> dict[str, float]:
    """Returns `accuracy` and `macro_f1`, the mean of every label's F1, each from 0 to 1.

    Labels count as often in the mean whatever their size; a label counts that stands in either.

    Args:
        truth: The right label of each row.
        said: The model's.

    Raises:
        InputError: scikit-learn is missing.

    Example:

    >>> label_measures(["a", "a", "b"], ["a", "b", "b"])["macro_f1"]
    0.6666666666666666
    """
    try:
        from sklearn.metrics import accuracy_score, f1_score
    except ImportError:
        raise InputError(
            "measuring labels needs scikit-learn: pip install rnn-zoo[metrics]"
        ) from None
    return {
        "accuracy": float(accuracy_score(truth, said)),
        "macro_f1": float(f1_score(truth, said, average="macro", zero_division=0)),
    }


def ranked_label_measures(
    truth: Sequence[str], ranked: Sequence[Sequence[str]]
) -> dict[str, float]:
    """Returns `label_measures` of the first label of each row, and how many texts there are.

    Where there are more than three labels, `accuracy_of_three` is the share of the rows whose
    label is among the first three.

    Args:
        truth: right label of each row.
        ranked: labels of each row by the model, the likeliest first.

    Raises:
        InputError: as for `label_measures`.
    """
    measured = {"texts": len(truth), **label_measures(truth, [labels[0] for labels in ranked])}
    if len(set(truth)) > 3:
        found = sum(label in labels[:3] for label, labels in zip(truth, ranked, strict=True))
        measured["accuracy_of_three"] = found / len(truth)
    return measured
