"""Word vectors from the text formats of word2vec and GloVe, and how much of a vocabulary they know.

Both have one word a line, then its numbers, apart by single spaces; word2vec's text format has a
first line of two numbers, how many words there are and how many numbers each has.
"""

import gzip
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zoo.errors import InputError
from zoo.text.vocabulary import PAD, SPECIAL


class Coverage(NamedTuple):
    """How much of a vocabulary has a vector.

    Attributes:
        found: Tokens that have one.
        total: Tokens of the vocabulary, without the special ones.
        missing: Those that have none, the commonest first where counts were given.
        token_share: Share of the running text that has one, or None where no counts were given.
    """

    found: int
    total: int
    missing: tuple[str, ...]
    token_share: float | None = None

    @property
    def share(self) -> float:
        """Share of the tokens that have a vector, from 0 to 1; 1 where there are none at all."""
        return self.found / self.total if self.total else 1.0

    def __str__(self) -> str:
        running = "" if self.token_share is None else f", {self.token_share:.1%} of the text"
        some = f"; without: {', '.join(self.missing[:5])}" if self.missing else ""
        more = f" and {len(self.missing) - 5} more" if len(self.missing) > 5 else ""
        return f"{self.found} of {self.total} tokens ({self.share:.1%}){running}{some}{more}"


class WordVectors:
    """Vectors by word, as read from a file.

    Args:
        vectors: Word to numbers, all of one width.
        dim: That width; needed where there are no words.

    Raises:
        InputError: the widths differ, or there is none.

    Attributes:
        dim: Numbers a word.

    Example:

    >>> vectors = WordVectors({"the": [1.0, 2.0]})
    >>> matrix, coverage = vectors.matrix(["<pad>", "<unknown>", "<start>", "<stop>", "the", "a"])
    >>> matrix[4].tolist(), str(coverage)
    ([1.0, 2.0], '1 of 2 tokens (50.0%); without: a')
    """

    def __init__(self, vectors: Mapping[str, Sequence[float]], dim: int | None = None):
        self._vectors = {word: np.asarray(v, "float32") for word, v in vectors.items()}
        shapes = {vector.shape for vector in self._vectors.values()}
        if dim is not None:
            shapes.add((dim,))
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise InputError(f"word vectors have the shapes {sorted(shapes)}; expected one width")
        ((self.dim,),) = shapes

    @classmethod
    def read(cls, path: Path | str, only: Iterable[str] | None = None) -> "WordVectors":
        """Reads a file in word2vec's or GloVe's text format, plain or with the ending .gz.

        A word's first line counts; some published files have a word twice.

        Args:
            path: The file, in UTF-8.
            only: Words to keep, a vocabulary's tokens: a large file then takes little memory.
                Lower-cased forms of them are kept too. None: all.

        Raises:
            InputError: the file cannot be read, or a line does not fit: the message names it.
        """
        wanted = None
        if only is not None:
            wanted = set(only)
            wanted |= {word.lower() for word in wanted}
        vectors: dict[str, np.ndarray] = {}
        width = None
        try:
            with _open(Path(path)) as file:
                for number, line in enumerate(file, start=1):
                    parts = line.rstrip("\r\n ").split(" ")
                    if number == 1 and _is_header(parts):
                        width = int(parts[1])
                        continue
                    if width is None:
                        width = len(parts) - 1
                    word = " ".join(parts[:-width]) if width else ""
                    _check_line(path, number, parts, width, word)
                    if word in vectors or (wanted is not None and word not in wanted):
                        continue
                    vectors[word] = _numbers(path, number, parts[-width:])
        except (OSError, UnicodeDecodeError, EOFError) as error:
            raise InputError(f"{path}: not a readable word vector file: {error}") from None
        if not width:
            raise InputError(f"{path}: holds no word vectors; expected a word and numbers a line")
        return cls(vectors, width)

    def __len__(self) -> int:
        return len(self._vectors)

    def __contains__(self, word: object) -> bool:
        return word in self._vectors

    def __iter__(self) -> Iterator[str]:
        return iter(self._vectors)

    def __getitem__(self, word: str) -> np.ndarray:
        return self._vectors[word]

    def matrix(
        self,
        tokens: Sequence[str],
        counts: Mapping[str, int] | None = None,
        seed: int = 0,
    ) -> tuple[np.ndarray, Coverage]:
        """Makes what an embedding starts from: one row for each token, in the tokens' order.

        A token that has no vector takes that of its lower-cased form; one that has neither, and
        the special tokens, take random numbers of the found ones' mean and standard deviation, so
        that nothing sticks out. Padding is zero.

        Args:
            tokens: tokens of a vocabulary, `Vocabulary.tokens`, the special ones with them.
            counts: How often each stands in the training text; for the coverage alone.
            seed: seed of the random rows.

        Returns:
            float32 [len(tokens), dim], and the `Coverage`.
        """
        known = [None if token in SPECIAL else self._find(token) for token in tokens]
        found = [vector for vector in known if vector is not None]
        mean, spread = (np.mean(found), np.std(found)) if found else (0.0, 0.1)
        random = np.random.default_rng(seed)
        matrix = random.normal(mean, spread, [len(tokens), self.dim]).astype("float32")
        missing = []
        for place, (token, vector) in enumerate(zip(tokens, known, strict=True)):
            if token == PAD:
                matrix[place] = 0
            elif vector is not None:
                matrix[place] = vector
            elif token not in SPECIAL:
                missing.append(token)
        return matrix, _coverage(tokens, missing, counts)

    def _find(self, token: str) -> np.ndarray | None:
        vector = self._vectors.get(token)
        return self._vectors.get(token.lower()) if vector is None else vector


def _coverage(tokens, missing, counts) -> Coverage:
    ordinary = [token for token in tokens if token not in SPECIAL]
    share = None
    if counts is not None:
        missing.sort(key=lambda token: -counts.get(token, 0))  # stable: ties keep their order
        total = sum(counts.get(token, 0) for token in ordinary)
        without = sum(counts.get(token, 0) for token in missing)
        share = (total - without) / total if total else 1.0
    return Coverage(len(ordinary) - len(missing), len(ordinary), tuple(missing), share)


def _open(path: Path) -> io.TextIOBase:
    # Not universal newlines: a word may hold a character that Python takes for a line's end.
    opener = gzip.open if path.suffix == ".gz" else open
    return opener(path, "rt", encoding="utf-8", newline="\n")


def _is_header(parts: list[str]) -> bool:
    return len(parts) == 2 and all(part.isascii() and part.isdigit() for part in parts)


def _check_line(path, number, parts, width, word):
    if not width or len(parts) <= width or not word:
        raise InputError(
            f"{path}:{number}: has {len(parts) - 1} numbers after {parts[0]!r}; expected a word "
            f"and {width or 'at least 1'} numbers, apart by single spaces"
        )


def _numbers(path, number, parts) -> np.ndarray:
    try:
        values = np.array([float(part) for part in parts], "float32")
    except ValueError as error:
        raise InputError(f"{path}:{number}: {error}; expected numbers after the word") from None
    if not np.all(np.isfinite(values)):
        raise InputError(f"{path}:{number}: a number is not finite")
    return values
