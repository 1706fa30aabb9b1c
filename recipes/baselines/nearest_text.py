"""The training text that is most like another one: a plain method to stand beside a network."""

from collections.abc import Sequence

import numpy as np

import zoo
from zoo.deferred import tf
from zoo.errors import InputError

# Texts that are compared with all known ones at once.
BATCH = 256


def nearest_texts(known: Sequence[str], asked: Sequence[str]) -> list[int]:
    """Returns for each text which of the known ones is nearest to it.

    By the cosine of their words, each counted once and weighted by its inverse document frequency
    (scikit-learn). The first of several that are alike.

    Args:
        known: training texts, one or more.
        asked: other texts.

    Raises:
        InputError: scikit-learn is missing.
    """
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError:
        raise InputError(
            "the nearest training text needs scikit-learn: pip install rnn-zoo[metrics]"
        ) from None
    weighting = TfidfVectorizer(analyzer=list, binary=True, dtype=np.float32)
    vectors = weighting.fit_transform(_words(known))
    others = weighting.transform(_words(asked))
    nearest = []
    for start in range(0, len(asked), BATCH):
        likeness = (others[start : start + BATCH] @ vectors.T).toarray()
        nearest += likeness.argmax(1).tolist()
    return nearest


def _words(texts: Sequence[str]) -> list[list[bytes]]:
    lowered = zoo.text.Normalizer("NFKC", lower_case=True).normalize(tf.constant(list(texts)))
    return zoo.text.cut_words(lowered).to_list()
