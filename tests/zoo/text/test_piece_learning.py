"""Learning pieces of words against byte-pair merging written plainly."""

import itertools
from collections import Counter

from zoo.text.piece_learning import learn_pieces

TEXTS = ["the cat sat on the mat, the hat and the bat"]


def plain_merges(words: Counter, merges: int) -> list[str]:
    """Counts every pair anew before every merge."""
    cut, merged = {word: list(word) for word in words}, []
    for _ in range(merges):
        pairs = Counter()
        for word, symbols in cut.items():
            for pair in itertools.pairwise(symbols):
                pairs[pair] += words[word]
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merged.append("".join(best))
        for word, symbols in cut.items():
            out = []
            while symbols:
                if tuple(symbols[:2]) == best:
                    out.append(symbols[0] + symbols[1])
                    symbols = symbols[2:]
                else:
                    out.append(symbols[0])
                    symbols = symbols[1:]
            cut[word] = out
    return merged


def test_learning_merges_the_commonest_pair_each_time():
    words = Counter(("▁" + " ▁".join(TEXTS[0].replace(",", "").split())).split())
    characters = len(set("".join(words)))
    learned = learn_pieces([TEXTS[0].replace(",", "")], characters + 8, min_count=1)
    assert learned[characters:] == plain_merges(words, 8)
