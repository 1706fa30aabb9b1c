"""A person's own file of tagged words: one a line, a blank line behind each sentence."""

from pathlib import Path

from recipes.datasets.reading import line_error, numbered_lines
from zoo.errors import InputError

WANTED = "word<TAB>tag"


def read_tagged_words(
    path: str | Path, iob: bool = False
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Reads a UTF-8 file of `word<TAB>tag` lines; a blank line, or several, ends a sentence.

    A byte order mark, Windows line ends and gzip are accepted.

    Args:
        path: The file.
        iob: Whether tags must be IOB2: O, B-NAME where a stretch begins, I-NAME inside it.

    Returns:
        (words, tags) for each sentence, two tuples of the same length.

    Raises:
        InputError: The file is missing, is not UTF-8 or holds no sentence, a line has not two
            fields, a word holds a space, or a tag is not one; the message names file and line.
    """
    sentences, words, tags = [], [], []
    for number, line in numbered_lines(path):
        if line.strip():
            fields = [field.strip() for field in line.split("\t")]
            _check(path, number, fields)
            if iob:
                check_iob(path, number, fields[1], tags[-1] if tags else "O")
            words.append(fields[0])
            tags.append(fields[1])
        elif words:
            sentences.append((tuple(words), tuple(tags)))
            words, tags = [], []
    if words:
        sentences.append((tuple(words), tuple(tags)))
    if not sentences:
        raise InputError(f"{path}: no sentence in the file, expected lines of {WANTED}")
    return sentences


def _check(path: str | Path, number: int, fields: list[str]) -> None:
    if len(fields) != 2:
        found = f"{len(fields)} field{'' if len(fields) == 1 else 's'}"
        raise line_error(path, number, f"{found}, expected 2: {WANTED}")
    for name, field in zip(("word", "tag"), fields, strict=True):
        if not field:
            raise line_error(path, number, f"the {name} is empty, expected {WANTED}")
        if len(field.split()) > 1:
            raise line_error(path, number, f"the {name} {field!r} holds a space, expected one word")


def check_iob(path: str | Path, number: int, tag: str, before: str) -> None:
    """Raises `InputError` for a tag that IOB2 does not allow behind the tag `before`."""
    mark, dash, name = tag.partition("-")
    if tag != "O" and not (mark in ("B", "I") and dash and name):
        raise line_error(path, number, f"tag {tag!r}, expected O, B-NAME or I-NAME")
    if mark == "I" and before not in (f"B-{name}", f"I-{name}"):
        raise line_error(
            path, number, f"tag {tag!r} after {before!r}; a stretch begins with 'B-{name}'"
        )
