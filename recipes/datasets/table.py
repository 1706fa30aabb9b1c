"""A person's own tab-separated file."""

from pathlib import Path

from recipes.datasets.notice import notice
from recipes.datasets.reading import line_error, numbered_lines
from zoo.errors import InputError

# What people call the columns of such files; a row of data is hardly made of these alone.
_COLUMN_NAMES = """
    text sentence label labels class category target source word words pronunciation
    phonemes translation headline title summary description name names nationality country
    intent slots tag tags question answer review sentiment input output english french
    german
"""


def read_table(path: str | Path, fields: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Reads a tab-separated UTF-8 file, one row a line.

    A first line that names columns (`text<TAB>label`) is a header: it is left out, and said so;
    one that names the fields in another order is refused.

    A byte order mark, Windows line ends, gzip and empty lines are accepted. Spaces around a
    field are dropped. There is no quoting: a quotation mark is a character like any other.

    Args:
        path: The file.
        fields: What the columns hold, in order; used in the messages.

    Returns:
        One tuple of `len(fields)` non-empty strings for each row.

    Raises:
        InputError: The file is missing, is not UTF-8 or holds no row, or a line has too few or
            too many fields or an empty one, or the header has another order. The message names
            the file and the line and says what a line should be.

    Example:

    >>> read_table("words.tsv", ("word", "pronunciation"))  # doctest: +SKIP
    [('zoo', 'Z UW'), ('data', 'D EY T AH')]
    """
    wanted = f"{len(fields)}: {'<TAB>'.join(fields)}"
    rows, seen_header = [], False
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
        if not rows and not seen_header and _is_header(row, fields, path, number):
            notice(path, f"line {number} is taken for a header and left out: {' | '.join(row)}")
            seen_header = True
            continue
        rows.append(row)
    if not rows:
        raise InputError(f"{path}: no row in the file, expected lines of {wanted}")
    return rows


def _is_header(row: tuple[str, ...], fields: tuple[str, ...], path: str | Path, line: int) -> bool:
    named = [field.casefold() for field in row]
    own = [field.casefold() for field in fields]
    if len(row) < 2 or len(set(named)) < len(named):
        return False
    if not set(named) <= {*_COLUMN_NAMES.split(), *own}:
        return False
    wanted = "<TAB>".join(fields)
    for place, name in enumerate(named):
        if name in own and own.index(name) != place:
            raise line_error(path, line, f"the header names {'<TAB>'.join(row)}, expected {wanted}")
    return True
