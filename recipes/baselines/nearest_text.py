"""The training text that is most like another one: a plain method to stand beside a network."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

import zoo
from zoo.deferred import tf


def nearest(known: Sequence[str], asked: Sequence[str]) -> list[int]:
    """Returns for each text which of the known ones shares most with it.

    Shared words count by their inverse document frequency, over the root of the known text's sum
    of them, so that long texts do not win by length. The first of several that are alike.

    Args:
        known: Training texts, one or more.
        asked: Other texts.
    """
    words = [set(row) for row in _words(known)]
    documents = Counter(word for row in words for word in row)
    weight = {word: np.log(len(known) / count) + 1e-6 for word, count in documents.items()}
    rows = defaultdict(list)
    for index, row in enumerate(words):
        for word in row:
            rows[word].append(index)
    rows = {word: np.array(found) for word, found in rows.items()}
    norm = np.sqrt([sum(weight[word] for word in row) or 1.0 for row in words])
    best = []
    for row in _words(asked):
        scores = np.zeros(len(known))
        for word in set(row) & rows.keys():
            scores[rows[word]] += weight[word]
        best.append(int(np.argmax(scores / norm)))
    return best


def _words(texts: Sequence[str]) -> list[list[bytes]]:
    lowered = zoo.text.Normalizer("NFKC", lower_case=True).normalize(tf.constant(list(texts)))
    return zoo.text.cut_words(lowered).to_list()
