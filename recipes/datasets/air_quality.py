"""Hourly air quality and weather of Beijing, with hours that were not measured."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recipes.datasets.reading import finite_number, line_error, open_text
from zoo.errors import InputError

CLOCK = ["year", "month", "day", "hour"]
# The file's names of the numbers, and ours.
NUMBERS = {
    "pm2.5": "pm25",
    "DEWP": "dew_point",
    "TEMP": "temperature",
    "PRES": "pressure",
    "Iws": "wind_speed",
    "Is": "snow_hours",
    "Ir": "rain_hours",
}
HEADER = ["No", *CLOCK, "pm2.5", "DEWP", "TEMP", "PRES", "cbwd", "Iws", "Is", "Ir"]
# cv is calm and variable.
WINDS = ("cv", "NE", "NW", "SE")
MISSING = "NA"


@dataclass(frozen=True, eq=False)
class AirQuality:
    """Hour after hour, without a gap in time.

    Args:
        hours: datetime64[h] [hours].
        values: float32 [hours] by name; nan where nothing was measured. pm25 in micrograms a
            cubic metre, dew_point and temperature in degrees Celsius, pressure in hPa,
            wind_speed in m/s added up since the wind last turned, snow_hours and rain_hours
            added up since it last stopped.
        wind: int32 [hours], the wind's direction as an index into `WINDS`.
    """

    hours: np.ndarray
    values: dict[str, np.ndarray]
    wind: np.ndarray


def read_hours(path: str | Path) -> AirQuality:
    """Reads pollution.csv (UCI Machine Learning Repository, data set 381).

    Raises:
        InputError: The header is another one, a line has too few or too many fields, a field is
            no number, a wind is unknown or an hour is left out; or as for `read_text`.
    """
    with open_text(path) as lines:
        rows = csv.reader(lines)
        if next(rows, None) != HEADER:
            raise line_error(path, 1, f"expected the header {','.join(HEADER)}")
        parsed = [_row(path, rows.line_num, row) for row in rows if row]
    if not parsed:
        raise InputError(f"{path}: no hour in the file")
    hours, wind, numbers = zip(*parsed, strict=True)
    hours = np.array(hours, "datetime64[h]")
    gaps = np.flatnonzero(np.diff(hours) != np.timedelta64(1, "h"))
    if gaps.size:
        line = int(gaps[0]) + 3
        raise line_error(path, line, f"{hours[gaps[0] + 1]} does not follow {hours[gaps[0]]}")
    columns = np.array(numbers, np.float32).T
    return AirQuality(
        hours, dict(zip(NUMBERS.values(), columns, strict=True)), np.array(wind, np.int32)
    )


def _row(path: str | Path, line: int, row: list[str]) -> tuple[str, int, list[float]]:
    if len(row) != len(HEADER):
        raise line_error(path, line, f"{len(row)} fields, expected {len(HEADER)}")
    fields = dict(zip(HEADER, row, strict=True))
    try:
        year, month, day, hour = (int(fields[name]) for name in CLOCK)
        when = f"{year:04}-{month:02}-{day:02}T{hour:02}"
        np.datetime64(when)
    except ValueError:
        raise line_error(path, line, "expected whole numbers for the date and hour") from None
    if fields["cbwd"] not in WINDS:
        raise line_error(path, line, f"wind {fields['cbwd']!r}, expected {', '.join(WINDS)}")
    numbers = []
    for name in NUMBERS:
        try:
            numbers.append(np.nan if fields[name] == MISSING else finite_number(fields[name]))
        except ValueError:
            message = f"{name} is {fields[name]!r}, expected a number or {MISSING}"
            raise line_error(path, line, message) from None
    return when, WINDS.index(fields["cbwd"]), numbers


def fill_gaps(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fills what was not measured with the last measurement before it, as a forecaster could.

    Before the first measurement there is none: the first one is used there.

    Args:
        values: float [hours] with nan for gaps.

    Returns:
        The filled values, [hours], and which of them were measured, bool [hours].

    Raises:
        ValueError: Nothing was measured.

    Example:

    >>> fill_gaps(np.array([np.nan, 3.0, np.nan, 5.0]))
    (array([3., 3., 3., 5.]), array([False,  True, False,  True]))
    """
    measured = ~np.isnan(values)
    if not measured.any():
        raise ValueError("nothing was measured")
    last = np.maximum.accumulate(np.where(measured, np.arange(len(values)), -1))
    return values[np.where(last < 0, np.argmax(measured), last)], measured
