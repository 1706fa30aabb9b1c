"""Word vectors of one's own texts."""

import itertools

import numpy as np
import pytest

from recipes.datasets.ppmi_vectors import main, ppmi_vectors
from zoo.errors import InputError
from zoo.text.word_vectors import WordVectors


def texts():
    random = np.random.default_rng(0)
    animals, foods = ["cat", "dog", "cow"], ["bread", "rice", "soup"]
    for _ in range(300):
        yield ["the", random.choice(animals), random.choice(["runs", "sleeps"]), "now"]
        yield ["we", random.choice(["eat", "cook"]), random.choice(foods), "here"]


def test_words_that_stand_in_the_same_places_are_near():
    words, vectors = ppmi_vectors(texts(), dim=4)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def near(a, b):
        return unit[words.index(a)] @ unit[words.index(b)]

    assert near("cat", "dog") > near("cat", "bread") + 0.5
    assert near("rice", "soup") > near("soup", "cow") + 0.5
    assert np.linalg.norm(vectors, axis=1).mean() == pytest.approx(1, abs=1e-5)


def test_with_all_dimensions_products_are_the_positive_pmi():
    sentences = [["a", "b"], ["a", "b"], ["c", "a"], ["c", "d"], ["b", "d", "d"]] * 2
    words, vectors = ppmi_vectors(sentences, dim=3, window=1)
    counts = np.zeros([4, 4])
    for row in sentences:
        for x, y in itertools.pairwise(row):
            counts[words.index(x), words.index(y)] += 1
            counts[words.index(y), words.index(x)] += 1
    context = counts.sum(1) ** 0.75
    with np.errstate(divide="ignore"):
        pmi = np.log(counts / counts.sum(1, keepdims=True) / (context / context.sum()))
    left, values, _ = np.linalg.svd(np.maximum(0, pmi))
    wanted = (left[:, :3] * values[:3]) @ left[:, :3].T
    found = vectors @ vectors.T
    np.testing.assert_allclose(found / np.trace(found), wanted / np.trace(wanted), atol=1e-4)


def test_the_file_is_one_that_word_vectors_are_read_from(tmp_path):
    lines = [" ".join(words) for words in texts()]
    (tmp_path / "text.txt").write_text("\n".join(lines), encoding="utf-8")
    main([str(tmp_path / "vectors.txt"), str(tmp_path / "text.txt"), "--dim", "5"])
    read = WordVectors.read(tmp_path / "vectors.txt")
    assert read.dim == 5 and "cat" in read


def test_too_few_words_are_refused():
    with pytest.raises(InputError, match="expected more than 64"):
        ppmi_vectors([["a", "b"]] * 5)
    with pytest.raises(InputError, match="width 0; expected 1 or more"):
        ppmi_vectors([["a", "b"]] * 5, dim=0)
