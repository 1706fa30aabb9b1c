"""Measures of tagged words: shares of right tags, and entities by seqeval."""

from collections.abc import Sequence

import numpy as np

Tags = Sequence[Sequence[str]]


def tag_accuracy(references: Tags, hypotheses: Tags) -> float:
    """Returns the share of the words whose tag is right, 0 to 1.

    Raises:
        ValueError: the rows are not of the same lengths.
    """
    pairs = [
        (a, b)
        for reference, hypothesis in zip(references, hypotheses, strict=True)
        for a, b in zip(reference, hypothesis, strict=True)
    ]
    return sum(a == b for a, b in pairs) / max(1, len(pairs))


def sentence_accuracy(references: Tags, hypotheses: Tags) -> float:
    """Returns the share of the rows in which every tag is right, 0 to 1."""
    right = [list(a) == list(b) for a, b in zip(references, hypotheses, strict=True)]
    return float(np.mean(right)) if right else 0.0


def entity_scores(references: Tags, hypotheses: Tags) -> dict[str, float]:
    """Returns `precision`, `recall` and `f1` of whole entities, by seqeval.

    As the CoNLL evaluation does it: an entity counts if its first word, its last word and its name
    are all right; over all names together (micro average).
    """
    from seqeval.metrics import f1_score, precision_score, recall_score

    rows = [list(row) for row in references], [list(row) for row in hypotheses]
    scores = {"precision": precision_score, "recall": recall_score, "f1": f1_score}
    return {name: float(score(*rows, zero_division=0)) for name, score in scores.items()}


def word_scores(references: Tags, hypotheses: Tags, pairs=None) -> float:
    """Returns the F1 of words that were cut from raw text, against the words that are right.

    A word is right if it stands in the same place of the text, white space apart, and, where tags
    are given, has the right tag: the measure of the CoNLL 2018 shared task.

    Args:
        references, hypotheses: Words for each row.
        pairs: None, or (tags of the references, tags of the hypotheses).
    """
    tags = pairs or (references, hypotheses)
    right = wanted = found = 0
    for reference, hypothesis, own, said in zip(references, hypotheses, *tags, strict=True):
        first = _places(reference, own if pairs else [""] * len(reference))
        second = _places(hypothesis, said if pairs else [""] * len(hypothesis))
        right += len(first & second)
        wanted, found = wanted + len(first), found + len(second)
    return 2 * right / max(1, wanted + found)


def _places(words: Sequence[str], tags: Sequence[str]) -> set[tuple[int, int, str]]:
    ends = np.cumsum([0, *map(len, words)])
    return set(zip(ends[:-1].tolist(), ends[1:].tolist(), tags, strict=True))
