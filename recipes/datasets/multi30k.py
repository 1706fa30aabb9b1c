"""Parallel sentences in two files, line by line, as in Multi30k."""

from pathlib import Path

from recipes.datasets.reading import line_error, numbered_lines
from zoo.errors import InputError


def read_parallel(source: str | Path, target: str | Path) -> list[tuple[str, str]]:
    """Reads two text files, plain or gzipped, whose equal lines are translations.

    Args:
        source: The sentences to translate, one a line.
        target: Their translations, as many lines.

    Returns:
        (source, target) for each line, without spaces around them.

    Raises:
        InputError: The files have different numbers of lines, or a line is empty; or as for
            `read_text`.

    Example:

    >>> from recipes import datasets
    >>> paths = datasets.fetch("multi30k", ["raw/val.de.gz", "raw/val.en.gz"])  # doctest: +SKIP
    >>> pairs = read_parallel(paths["raw/val.de.gz"], paths["raw/val.en.gz"])  # doctest: +SKIP
    """
    sources, targets = _sentences(source), _sentences(target)
    if len(sources) != len(targets):
        raise InputError(
            f"{target} has {len(targets):,} line(s) and {source} has {len(sources):,}; "
            "expected as many, each the translation of the other"
        )
    return list(zip(sources, targets, strict=True))


def _sentences(path: str | Path) -> list[str]:
    sentences = []
    for number, line in numbered_lines(path):
        if not line.strip():
            raise line_error(path, number, "the line is empty, expected a sentence")
        sentences.append(line.strip())
    if not sentences:
        raise InputError(f"{path}: no sentence in the file")
    return sentences
