"""Pieces of words: learned by byte-pair merges, cut by longest match inside a graph."""

import heapq
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import tensorflow as tf

# Stands for the white space before a word, as in SentencePiece (Kudo & Richardson 2018).
SPACE = "▁"
NOT_A_WORD = r"[^\p{L}\p{N}\p{M}\s▁]"


class Subwords(tf.Module):
    """Cuts text into pieces of words from a closed list, and joins them again.

    A text is first cut at white space, around every sign that is no letter, digit or mark, and
    around Chinese characters; what is left is cut from left to right into the longest pieces of
    the list (as WordPiece does). A character that no piece covers is a piece of its own. White
    space before a word becomes a leading ▁ of its first piece, so that joining gives the text back
    but for repeated white space. Core TensorFlow ops only, so that it exports.

    Args:
        pieces: The list; a word's beginning starts with ▁.

    Example:

    >>> cut = Subwords(["▁play", "ing", "▁"])
    >>> cut.split_text("playing")
    ['▁play', 'ing']
    """

    def __init__(self, pieces: Sequence[str]):
        super().__init__(name="subwords")
        self.longest = max(map(len, pieces), default=1)
        known = tf.constant(list(pieces), tf.string)
        self._known = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(known, tf.ones([len(pieces)], tf.int64)), 0
        )

    def split(self, text: tf.Tensor) -> tf.RaggedTensor:
        """Cuts strings [B] into a ragged [B, (pieces)]; an empty string has no piece.

        Bytes that are not UTF-8 become U+FFFD.
        """
        words = cut_words(text)
        # Most words of a batch come more than once, and each is cut only once.
        distinct, place = tf.unique(words.values)
        pieces = tf.gather(self._longest_matches(distinct), place)  # [words, (pieces)]
        by_word = tf.RaggedTensor.from_row_splits(pieces, words.row_splits)
        return by_word.merge_dims(1, 2)

    def join(self, pieces: tf.RaggedTensor) -> tf.Tensor:
        """Joins a ragged [B, (pieces)] into strings [B]."""
        return join_words(pieces)

    def split_text(self, text: str) -> list[str]:
        """Does what `split` does to one Python string."""
        return [piece.decode() for piece in self.split(tf.constant([text]))[0].numpy()]

    def _longest_matches(self, words):
        """Cuts words [W] into a ragged [W, (pieces)]."""
        characters = tf.strings.unicode_split(words, "UTF-8", errors="replace")
        count = tf.cast(characters.row_lengths(), tf.int32)
        padded = characters.to_tensor("")  # [W, C]
        # A scan needs a column, and where there is no word there is none.
        padded = tf.pad(padded, [[0, 0], [0, tf.maximum(1 - tf.shape(padded)[1], 0)]])
        columns = tf.shape(padded)[1]
        candidate, best, length = padded, padded, tf.ones(tf.shape(padded), tf.int32)
        position = tf.range(columns)
        for extra in range(1, self.longest):
            # Beyond a word's end nothing is added, and nothing longer can be found.
            following = tf.pad(padded, [[0, 0], [0, extra]], constant_values="")
            candidate = candidate + following[:, extra : extra + columns]
            found = (self._known.lookup(candidate) > 0) & (position + extra < count[:, None])
            best = tf.where(found, candidate, best)
            length = tf.where(found, extra + 1, length)

        def advance(reached, column):
            position, lengths = column
            return tf.where(reached[0] == position, position + lengths, reached[0]), (
                reached[0] == position
            )

        _, starts = tf.scan(
            advance,
            (position, tf.transpose(length)),
            initializer=(tf.zeros_like(count), tf.zeros_like(count, tf.bool)),
        )
        starts = tf.transpose(starts) & (position < count[:, None])
        return tf.ragged.boolean_mask(best, starts)

    @classmethod
    def learn(cls, texts: Iterable[str], size: int, min_count: int = 2) -> list[str]:
        """Learns pieces from texts by merging the commonest pair again and again.

        Args:
            texts: The corpus.
            size: How many pieces, single characters counted.
            min_count: How often a character, or a pair, must occur. Defaults to 2.

        Returns:
            The pieces, characters first, then merges in their order (Sennrich et al. 2016).
        """
        counts: Counter[str] = Counter()
        texts = list(texts)
        for start in range(0, len(texts), 4096):
            words = cut_words(tf.constant(texts[start : start + 4096])).values.numpy()
            counts.update(word.decode() for word in words)
        return _merges(counts, size, min_count)


def cut_words(text: tf.Tensor) -> tf.RaggedTensor:
    """Cuts strings [B] at white space and around signs; ▁ is the white space before a word."""
    text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="replace")
    text = tf.strings.regex_replace(text, SPACE, "_")
    text = tf.strings.strip(tf.strings.regex_replace(text, r"\s+", " "))
    text = tf.strings.regex_replace(text, r"(^|\s)(\S)", rf" {SPACE}\2")
    text = tf.strings.regex_replace(text, rf"({SPACE}?(?:{NOT_A_WORD}|\p{{Han}}))", r" \1 ")
    return tf.strings.split(text)


def join_words(pieces: tf.RaggedTensor) -> tf.Tensor:
    """Joins words or pieces [B, (N)] with their ▁ into strings [B]; `cut_words` undone."""
    text = tf.strings.reduce_join(pieces, axis=-1)
    return tf.strings.strip(tf.strings.regex_replace(text, SPACE, " "))


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
