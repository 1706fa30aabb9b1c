"""A person's own tab-separated file."""

from pathlib import Path

from recipes.datasets.reading import line_error, numbered_lines
from zoo.errors import InputError


def read_table(path: str | Path, fields: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Reads a tab-separated UTF-8 file without a header, one row a line.

    A byte order mark, Windows line ends, gzip and empty lines are accepted. Spaces around a
    field are dropped. There is no quoting: a quotation mark is a character like any other.

    Args:
        path: The file.
        fields: What the columns hold, in order; used in the messages.

    Returns:
        One tuple of `len(fields)` non-empty strings for each row.

    Raises:
        InputError: The file is missing, is not UTF-8 or holds no row, or a line has too few or
            too many fields or an empty one. The message names the file and the line and says
            what a line should be.

    Example:

    >>> read_table("words.tsv", ("word", "pronunciation"))  # doctest: +SKIP
    [('zoo', 'Z UW'), ('data', 'D EY T AH')]
    """
    wanted = f"{len(fields)}: {'<TAB>'.join(fields)}"
    rows = []
    for number, line in numbered_lines(path):
        if not line.strip(" "):
            continue
        row = tuple(field.strip(" ") for field in line.split("\t"))
        if len(row) != len(fields):
            found = f"{len(row)} field{'' if len(row) == 1 else 's'}"
            raise line_error(path, number, f"{found}, expected {wanted}")
        for name, value in zip(fields, row, strict=True):
            if not value.strip():
                raise line_error(path, number, f"the field {name!r} is empty, expected {wanted}")
        rows.append(row)
    if not rows:
        raise InputError(f"{path}: no row in the file, expected lines of {wanted}")
    return rows
