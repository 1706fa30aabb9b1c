"""What a reader did to a person's file, told once on standard error."""

import sys
from functools import cache
from pathlib import Path


@cache
def notice(path: str | Path, message: str) -> None:
    """Prints "FILE: message" on standard error, once in a process.

    For what is no error, and yet changes what is learned: rows left out, a line taken for a header.
    A file is read once for each split; one telling is enough.

    Args:
        path: the file.
        message: what was done, in a line.
    """
    print(f"{path}: {message}", file=sys.stderr, flush=True)


def without_repeats(rows: list, path: str | Path) -> list:
    """Returns the rows without those that stood before, and tells how many were left out."""
    found = list(dict.fromkeys(rows))
    if dropped := len(rows) - len(found):
        times = "row that repeats" if dropped == 1 else "rows that repeat"
        notice(path, f"{dropped} {times} an earlier one left out; {len(found)} are used")
    return found
