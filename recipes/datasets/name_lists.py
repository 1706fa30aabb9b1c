"""Lists of names, one a line."""

from collections.abc import Iterable
from pathlib import Path

from recipes.datasets.reading import numbered_lines
from zoo.errors import InputError


def read_names(path: str | Path) -> list[str]:
    """Reads a file with a name a line, each name once, in the order of its first line.

    The public lists repeat names (32,033 lines of names.txt hold 29,494 names): a name that is
    listed twice would stand in two splits.

    Raises:
        InputError: There is no name in the file; or as for `read_text`.
    """
    names = (" ".join(line.split()) for _, line in numbered_lines(path))
    found = list(dict.fromkeys(name for name in names if name))
    if not found:
        raise InputError(f"{path}: no name in the file")
    return found


def read_by_nationality(paths: Iterable[str | Path]) -> list[tuple[str, str]]:
    """Reads files named for a nationality, such as Czech.txt.

    A name may be at home in several: no classifier can be right about all of those.

    Returns:
        (name, nationality), sorted by nationality; each pair once.

    Example:

    >>> from recipes import datasets
    >>> paths = datasets.fetch("names-by-nationality")  # doctest: +SKIP
    >>> read_by_nationality(paths.values())[0]  # doctest: +SKIP
    ('Khoury', 'Arabic')
    """
    files = sorted(map(Path, paths), key=lambda path: path.name)
    return [(name, path.name.partition(".")[0]) for path in files for name in read_names(path)]
