"""Word vectors to start from that know what naive Bayes knows."""

from collections.abc import Sequence

import numpy as np

from zoo.text import Vocabulary


def label_vectors(
    texts: Sequence[Sequence[str]],
    labels: Sequence[str],
    vocabulary: Vocabulary,
    width: int,
    scale: float = 1.0,
    seed: int = 0,
) -> np.ndarray:
    """Returns random vectors, each moved by what its word says about the labels.

        v_w = u_w + scale * sum_k r_wk d_k,   r_wk = log p(w | k) - log p(w | not k)

    with u_w small and random, d_k a random direction for each label, and r the smoothed log count
    ratios that Wang and Manning 2012, "Baselines and bigrams", put into a linear classifier. A
    small training set shows a word a few times; so its first vector says already what those said.

    Args:
        texts: Tokens of each training text.
        labels: Its label.
        vocabulary: Of the tokens; padding and the other special tokens only get random numbers.
        width: Numbers a word.
        scale: How far a ratio of 1 moves a word. Defaults to 1.
        seed: Of the random numbers.

    Returns:
        float32 [len(vocabulary), width].
    """
    random = np.random.default_rng(seed)
    names = sorted(set(labels))
    place = {token: i for i, token in enumerate(vocabulary.tokens)}
    counts = np.zeros([len(names), len(place)])
    for tokens, label in zip(texts, labels, strict=True):
        # Whether a word stands in a text counts, not how often.
        known = [place[token] for token in set(tokens) if token in place]
        counts[names.index(label), known] += 1
    with_label, without = counts + 1, counts.sum(0) - counts + 1
    ratios = np.log(with_label / with_label.sum(1, keepdims=True))
    ratios -= np.log(without / without.sum(1, keepdims=True))
    ratios[:, :4] = 0
    directions = random.normal(size=[len(names), width]) / np.sqrt(width)
    # As Keras draws an embedding.
    vectors = random.uniform(-0.05, 0.05, [len(place), width])
    return (vectors + scale * ratios.T @ directions).astype("float32")
