"""Word vectors of one's own texts, for recipes that take `word_vectors`.

python -m recipes.datasets.ppmi_vectors OUT.txt TEXT [TEXT ...] [--dim 64]
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from recipes.datasets.reading import read_text
from zoo.errors import InputError
from zoo.files import write_atomically


def ppmi_vectors(
    sentences: Iterable[Sequence[str]],
    dim: int = 64,
    window: int = 4,
    min_count: int = 3,
    max_words: int = 20000,
) -> tuple[list[str], np.ndarray]:
    """Makes vectors of which words stand near which.

    M_wc = max(0, log P(w, c) / (P(w) P(c)^0.75)) over pairs at most `window` words apart, each
    counted by 1 / distance; vectors are U sqrt(S) of its truncated singular value decomposition
    (Levy, Goldberg and Dagan 2015, "Improving distributional similarity with lessons learned from
    word embeddings").

    Args:
        sentences: Texts as words.
        dim: Width of a vector, less than the number of words.
        window: How far apart two words may stand.
        min_count: How often a word must occur.
        max_words: How many words have vectors, the commonest.

    Returns:
        The words, the commonest first, and float32 [words, dim], of length one on average.

    Raises:
        InputError: there are not more words than `dim`, it is below 1, or SciPy is missing.
    """
    try:
        from scipy.sparse import coo_matrix, diags
        from scipy.sparse.linalg import svds
    except ImportError:
        raise InputError("vectors of words need SciPy: pip install rnn-zoo[metrics]") from None
    if dim < 1:
        raise InputError(f"vectors of width {dim}; expected 1 or more")
    sentences = [list(words) for words in sentences]
    counts = Counter(word for words in sentences for word in words)
    kept = [word for word, count in counts.items() if count >= min_count]
    kept = sorted(kept, key=lambda word: (-counts[word], word))[:max_words]
    if len(kept) <= dim:
        raise InputError(f"{len(kept)} words occur {min_count} times; expected more than {dim}")
    ids = {word: place for place, word in enumerate(kept)}
    # -1 for what has no vector, and between sentences as far as the window reaches.
    gap = [-1] * window
    flat = np.array([x for words in sentences for x in [*(ids.get(w, -1) for w in words), *gap]])
    rows, columns, weights = [], [], []
    for distance in range(1, window + 1):
        first, second = flat[:-distance], flat[distance:]
        real = (first >= 0) & (second >= 0)
        for a, b in ((first, second), (second, first)):
            rows.append(a[real])
            columns.append(b[real])
            weights.append(np.full(real.sum(), 1 / distance))
    size = len(kept)
    pairs = coo_matrix(
        (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))), (size, size)
    ).tocsr()
    word = np.asarray(pairs.sum(1)).ravel()
    context = word**0.75 / (word**0.75).sum()
    inverse = np.divide(1, word, out=np.zeros(size), where=word > 0)
    ratio = (
        diags(inverse) @ pairs @ diags(np.divide(1, context, where=context > 0, out=context * 0))
    )
    ratio.data = np.maximum(0, np.log(ratio.data))
    left, values, _ = svds(ratio, k=dim, v0=np.ones(size))
    vectors = (left * np.sqrt(values))[:, ::-1]
    vectors /= np.linalg.norm(vectors, axis=1).mean()
    return kept, vectors.astype("float32")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m recipes.datasets.ppmi_vectors", description=__doc__.splitlines()[0]
    )
    parser.add_argument("out", metavar="OUT.txt", type=Path)
    parser.add_argument("texts", metavar="TEXT", nargs="+", help="UTF-8")
    parser.add_argument("--dim", type=int, default=64, help="numbers a word [default: 64]")
    given = parser.parse_args(arguments)
    import tensorflow as tf

    from zoo.text.normalizer import Normalizer
    from zoo.text.spelling import normal_form
    from zoo.text.treebank import treebank_split

    lines = [line for path in given.texts for line in read_text(path).splitlines() if line.strip()]
    # As the recipes that tag words read them.
    read = Normalizer("NFC").normalize(tf.constant(lines))
    tokens = treebank_split(read, cut_hyphens=False)
    sentences = [[word.decode() for word in row] for row in normal_form(tokens).to_list()]
    words, vectors = ppmi_vectors(sentences, given.dim)
    rows = (
        f"{word} {' '.join(f'{x:.4f}' for x in vector)}"
        for word, vector in zip(words, vectors, strict=True)
    )
    write_atomically(given.out, "\n".join(rows) + "\n")
    print(f"{len(words)} words, {vectors.shape[1]} wide: {given.out}")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"ppmi_vectors: {error}")
