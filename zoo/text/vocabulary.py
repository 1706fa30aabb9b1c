"""A closed list of tokens and the tables that turn tokens to ids and back inside a graph."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import tensorflow as tf

from zoo.errors import InputError

PAD, UNKNOWN, START, STOP = "<pad>", "<unknown>", "<start>", "<stop>"
SPECIAL = (PAD, UNKNOWN, START, STOP)
PAD_ID, UNKNOWN_ID, START_ID, STOP_ID = range(4)


class Vocabulary(tf.Module):
    """Tokens and their ids; ids 0 to 3 are padding, unknown, start and stop.

    The lookup tables are initialised from constants in the graph, not from a file, so that an
    exported model that holds a vocabulary carries no path.

    Args:
        tokens: The tokens in order, without the four special ones; distinct, none empty.

    Raises:
        InputError: a token is empty, stands twice, or is a special one.

    Example:

    >>> letters = Vocabulary(["a", "b"])
    >>> letters.ids(tf.constant([["b", "z"]])).numpy().tolist()
    [[5, 1]]
    """

    def __init__(self, tokens: Sequence[str]):
        super().__init__(name="vocabulary")
        seen = set(SPECIAL)
        for place, token in enumerate(tokens, start=1):
            if not token or token in seen:
                fault = "is empty" if not token else f"{token!r} stands twice or is reserved"
                raise InputError(f"vocabulary entry {place} {fault}; entries must be distinct")
            seen.add(token)
        self.tokens = (*SPECIAL, *tokens)
        keys = tf.constant(self.tokens)
        values = tf.range(len(self.tokens), dtype=tf.int64)
        self._to_id = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(keys, values), UNKNOWN_ID
        )
        self._to_token = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(values, keys), UNKNOWN
        )

    def __len__(self) -> int:
        return len(self.tokens)

    @classmethod
    def build(
        cls,
        sequences: Iterable[Sequence[str]],
        min_count: int = 1,
        max_size: int | None = None,
    ) -> "Vocabulary":
        """Makes a vocabulary of the tokens of a corpus, the commonest first.

        Args:
            sequences: The corpus, a sequence of tokens an entry.
            min_count: How often a token must occur. Defaults to 1.
            max_size: How many tokens to keep beside the special ones. Defaults to all.
        """
        counts = Counter(token for sequence in sequences for token in sequence)
        kept = [t for t, n in counts.items() if n >= min_count and t not in SPECIAL]
        # Ties by code point: the order must not depend on the order of the corpus.
        kept.sort(key=lambda token: (-counts[token], token))
        return cls(kept[:max_size])

    @classmethod
    def load(cls, path: Path) -> "Vocabulary":
        """Reads what `save` wrote; raises `InputError` for anything else."""
        try:
            lines = Path(path).read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: not a readable vocabulary: {error}") from error
        if tuple(lines[:4]) != SPECIAL or lines[-1] != "":
            raise InputError(f"{path}: a vocabulary starts with {', '.join(SPECIAL)}, one a line")
        return cls([_unescape(line) for line in lines[4:-1]])

    def save(self, path: Path) -> None:
        """Writes one token a line, the special ones first; a line feed in a token is escaped."""
        lines = [*SPECIAL, *(_escape(token) for token in self.tokens[4:])]
        Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")

    def ids(self, tokens: tf.Tensor | tf.RaggedTensor) -> tf.Tensor | tf.RaggedTensor:
        """Turns string tokens of any shape, ragged or not, into int32 ids of the same shape."""
        return _in_place(lambda flat: tf.cast(self._to_id.lookup(flat), tf.int32), tokens)

    def strings(self, ids: tf.Tensor | tf.RaggedTensor) -> tf.Tensor | tf.RaggedTensor:
        """Turns int ids of any shape, ragged or not, into string tokens of the same shape."""
        return _in_place(lambda flat: self._to_token.lookup(tf.cast(flat, tf.int64)), ids)


def _in_place(lookup, values):
    # A table looks into the first ragged axis only.
    if isinstance(values, tf.RaggedTensor):
        return values.with_flat_values(lookup(values.flat_values))
    return lookup(values)


def _escape(token: str) -> str:
    return token.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


def _unescape(line: str) -> str:
    out, characters = [], iter(line)
    for character in characters:
        if character == "\\":
            following = next(characters, "\\")
            character = {"n": "\n", "r": "\r"}.get(following, following)
        out.append(character)
    return "".join(out)
