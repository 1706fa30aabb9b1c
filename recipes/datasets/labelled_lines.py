"""One labelled sentence a line: SST-2, MR, SUBJ and TREC as sentence classifiers use them."""

from pathlib import Path

from recipes.datasets.reading import line_error, numbered_lines
from zoo.errors import InputError

# Dashes, dots and quotation marks in MR and SUBJ are those of Windows-1252; as Latin-1, which
# is how the files are often read, they are control characters. The letters are the same.
ENCODINGS = {"sst2": "utf-8", "mr-polarity": "cp1252", "subj": "cp1252", "trec": "cp1252"}

# What the labels 0, 1, ... stand for.
LABELS = {
    "sst2": ("negative", "positive"),
    "mr-polarity": ("negative", "positive"),
    "subj": ("subjective", "objective"),
    "trec": ("description", "entity", "abbreviation", "human", "location", "number"),
}


def read_labelled(path: str | Path, dataset: str) -> list[tuple[int, str]]:
    """Reads a file of `LABEL SENTENCE` lines.

    Args:
        path: The file.
        dataset: One of "sst2", "mr-polarity", "subj" and "trec": it settles the encoding and
            how many labels there are.

    Returns:
        (label from 0, sentence) for each line.

    Raises:
        InputError: A line has no such label or no sentence; or as for `read_text`.

    Example:

    >>> from recipes import datasets
    >>> path = datasets.fetch("trec", ["TREC.test.all"])["TREC.test.all"]  # doctest: +SKIP
    >>> read_labelled(path, "trec")[2]  # doctest: +SKIP
    (3, 'Who was Galileo ?')
    """
    labels = {str(label): label for label in range(len(LABELS[dataset]))}
    lines = []
    for number, line in numbered_lines(path, ENCODINGS[dataset]):
        if not line.strip():
            continue
        label, _, sentence = line.partition(" ")
        if label not in labels or not sentence.strip():
            wanted = f"a label from 0 to {len(labels) - 1}, a space and a sentence"
            raise line_error(path, number, f"{line[:40]!r}, expected {wanted}")
        lines.append((labels[label], sentence.strip()))
    if not lines:
        raise InputError(f"{path}: no sentence in the file")
    return lines
