"""Learning pieces of words from a corpus by byte-pair merges."""

import heapq
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable

import tensorflow as tf

from zoo.text.marked_words import cut_words


def learn_pieces(texts: Iterable[str], size: int, min_count: int = 2) -> list[str]:
    """Learns pieces from texts by merging the commonest pair again and again.

    Args:
        texts: The corpus, normalised as the texts will be that are cut.
        size: How many pieces, single characters counted.
        min_count: How often a character, or a pair, must occur. Defaults to 2.

    Returns:
        The pieces, characters first, then merges in their order (Sennrich et al. 2016).

    Example:

    >>> learn_pieces(["low lower lowest"], 6)
    ['l', 'o', 'w', '▁', 'e', 'lo']
    """
    counts: Counter[str] = Counter()
    texts = list(texts)
    for start in range(0, len(texts), 4096):
        words = cut_words(tf.constant(texts[start : start + 4096])).values.numpy()
        counts.update(word.decode() for word in words)
    return _merges(counts, size, min_count)


def _merges(counts: Counter[str], size: int, min_count: int) -> list[str]:
    single: Counter[str] = Counter()
    for word, count in counts.items():
        for character in word:
            single[character] += count
    kept = [c for c, n in single.items() if n >= min_count]
    kept.sort(key=lambda character: (-single[character], character))
    pieces = dict.fromkeys(kept[:size])
    words = [(list(word), count) for word, count in counts.items()]
    pairs: Counter[tuple[str, str]] = Counter()
    where = defaultdict(set)
    for index, (symbols, count) in enumerate(words):
        for pair in itertools.pairwise(symbols):
            pairs[pair] += count
            where[pair].add(index)
    # A count in the heap may be out of date; it is put right when it comes up.
    heap = [(-count, pair) for pair, count in pairs.items()]
    heapq.heapify(heap)
    while heap and len(pieces) < size:
        count, pair = heapq.heappop(heap)
        if -count != pairs[pair]:
            if pairs[pair] >= min_count:
                heapq.heappush(heap, (-pairs[pair], pair))
            continue
        if -count < min_count:
            break
        changed = set()
        for index in where.pop(pair):
            symbols, number = words[index]
            merged = _merge(symbols, pair)
            if len(merged) == len(symbols):
                continue
            for old in itertools.pairwise(symbols):
                pairs[old] -= number
            for new in itertools.pairwise(merged):
                pairs[new] += number
                where[new].add(index)
                changed.add(new)
            words[index] = (merged, number)
        for new in changed:
            heapq.heappush(heap, (-pairs[new], new))
        pieces["".join(pair)] = None
    return list(pieces)


def _merge(symbols: list[str], pair: tuple[str, str]) -> list[str]:
    merged, place = [], 0
    while place < len(symbols):
        if tuple(symbols[place : place + 2]) == pair:
            merged.append(symbols[place] + symbols[place + 1])
            place += 2
        else:
            merged.append(symbols[place])
            place += 1
    return merged
