"""The plain classifiers beside a network."""

import numpy as np

from recipes.baselines.bag_of_ngrams import ngrams, plain_answers


def test_ngrams_know_the_ends_of_a_text():
    assert ngrams([], 2) == ["\x02", "\x03", "\x02 \x03"]
    assert ngrams(["a"], 3) == ["\x02", "a", "\x03", "\x02 a", "a \x03", "\x02 a \x03"]


def test_naive_bayes_is_the_formula():
    random = np.random.default_rng(0)
    words = list("abcdef")
    texts = [list(random.choice(words, 4)) for _ in range(30)]
    labels = [("yes" if "a" in text else "no") for text in texts]
    asked = [list(random.choice(words, 3)) for _ in range(20)]
    said = plain_answers(texts, labels, asked, longest=1)["naive Bayes of 1 to 1-grams"]
    vocabulary = [*words, "\x02", "\x03"]
    expected = []
    for text in asked:
        scores = {}
        for label in ("no", "yes"):
            rows = [
                {*t, "\x02", "\x03"} for t, name in zip(texts, labels, strict=True) if name == label
            ]
            counts = {w: 1 + sum(w in row for row in rows) for w in vocabulary}
            total = sum(counts.values())
            scores[label] = np.log(len(rows) / len(texts)) + sum(
                np.log(counts[w] / total) for w in {*text, "\x02", "\x03"}
            )
        expected.append(max(scores, key=scores.get))
    assert said == expected


def test_the_commonest_label_and_the_order_of_words():
    texts = [["not", "good"], ["good", "not"]] * 8 + [["not", "good"]]
    labels = ["bad", "fine"] * 8 + ["bad"]
    said = plain_answers(texts, labels, [["good", "not"], ["not", "good"]], longest=2)
    assert said["commonest label"] == ["bad", "bad"]
    assert said["linear SVM of 1 to 2-grams"] == ["fine", "bad"]
