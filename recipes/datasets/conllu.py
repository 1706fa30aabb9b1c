"""Treebanks of Universal Dependencies in the CoNLL-U format."""

import re
from dataclasses import dataclass
from pathlib import Path

from recipes.datasets.reading import line_error, numbered_lines
from zoo.errors import InputError

NUM_COLUMNS = 10
COMMENT = re.compile(r"# *(sent_id|text) *= *(.*)")


@dataclass(frozen=True)
class Sentence:
    """One sentence; every tuple has one entry a syntactic word.

    Args:
        words: The forms.
        lemmas: Their dictionary forms.
        upos: Universal part-of-speech tags.
        xpos: The treebank's own tags.
        heads: The word that each hangs on, counted from 1; 0 for the root.
        relations: How it hangs on it.
        text: The sentence as it was written; "" where the file does not say.
        id: The sentence's name; "" where the file does not say.
    """

    words: tuple[str, ...]
    lemmas: tuple[str, ...]
    upos: tuple[str, ...]
    xpos: tuple[str, ...]
    heads: tuple[int, ...]
    relations: tuple[str, ...]
    text: str = ""
    id: str = ""


def read_sentences(path: str | Path) -> list[Sentence]:
    """Reads a CoNLL-U file, plain or gzipped (https://universaldependencies.org/format.html).

    Lines of multiword tokens (`19-20  don't`) and of empty nodes (`8.1`) are left out: what
    remains is the syntactic words, which carry the tags.

    Raises:
        InputError: A line has not ten columns, a word's number is not the next one, a head is
            not the number of a word, or there is no sentence; or as for `read_text`.
    """
    sentences, words, comments, start = [], [], {}, 1
    number = 0
    for number, line in numbered_lines(path):
        if line.startswith("#"):
            if found := COMMENT.match(line):
                comments[found[1]] = found[2]
        elif line.strip():
            word = _word(path, number, line, len(words) + 1)
            if word:
                start = start if words else number
                words.append(word)
        elif words:
            sentences.append(_sentence(path, start, words, comments))
            words, comments = [], {}
    if words:
        sentences.append(_sentence(path, start, words, comments))
    if not sentences:
        raise InputError(f"{path}: no sentence in the file")
    return sentences


def _word(path: str | Path, number: int, line: str, expected: int) -> list[str] | None:
    """Returns the columns of a word's line; None for multiword tokens and empty nodes."""
    columns = line.split("\t")
    if len(columns) != NUM_COLUMNS:
        found = f"{len(columns)} column{'' if len(columns) == 1 else 's'}"
        raise line_error(path, number, f"{found}, expected {NUM_COLUMNS} separated by tabs")
    if re.fullmatch(r"\d+[-.]\d+", columns[0]):
        return None
    if columns[0] != str(expected):
        raise line_error(path, number, f"word number {columns[0]!r}, expected {expected}")
    if not columns[6].isdecimal():
        raise line_error(path, number, f"head {columns[6]!r}, expected the number of a word or 0")
    return columns


def _sentence(path, start: int, words: list[list[str]], comments: dict[str, str]) -> Sentence:
    _, forms, lemmas, upos, xpos, _, heads, relations, _, _ = zip(*words, strict=True)
    heads = tuple(int(head) for head in heads)
    if max(heads) > len(heads):
        message = f"head {max(heads)} in a sentence of {len(heads)} words that starts here"
        raise line_error(path, start, message)
    return Sentence(
        forms,
        lemmas,
        upos,
        xpos,
        heads,
        relations,
        comments.get("text", ""),
        comments.get("sent_id", ""),
    )
