"""One number a month: the sunspots and the airline passengers."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recipes.datasets.reading import finite_number, line_error, open_text
from zoo.errors import InputError

MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, eq=False)
class Series:
    """One number a month, without a gap.

    Args:
        name: What the number is, as the file's header says.
        months: datetime64[M] [months].
        values: float32 [months].
    """

    name: str
    months: np.ndarray
    values: np.ndarray


def read_series(path: str | Path) -> Series:
    """Reads a CSV file with the header `"Month","NAME"` and rows such as `"1749-01",58.0`.

    Raises:
        InputError: The header or a row is not of that form, or a month is left out; or as for
            `read_text`.
    """
    months, values = [], []
    with open_text(path) as lines:
        rows = csv.reader(lines)
        header = next(rows, [])
        if len(header) != 2 or header[0] != "Month":
            raise line_error(path, 1, f"the header {header}, expected 'Month' and a name")
        for row in rows:
            if not row:
                continue
            month, value = _month_and_value(path, rows.line_num, row)
            if months and month != months[-1] + 1:
                raise line_error(path, rows.line_num, f"{month} does not follow {months[-1]}")
            months.append(month)
            values.append(value)
    if not months:
        raise InputError(f"{path}: no month in the file")
    return Series(header[1], np.array(months), np.array(values, np.float32))


def _month_and_value(path: str | Path, line: int, row: list[str]) -> tuple[np.datetime64, float]:
    try:
        month, value = row
        if not MONTH.fullmatch(month):
            raise ValueError
        return np.datetime64(month, "M"), finite_number(value)
    except ValueError:
        message = f"{','.join(row)!r}, expected a month such as 1749-01 and a number"
        raise line_error(path, line, message) from None
