"""Hourly measurements, some of which are missing."""

import numpy as np
import pytest

from recipes.datasets.air_quality import HEADER, fill_gaps, read_hours

HEAD = ",".join(HEADER) + "\r\n"
ROWS = [
    "1,2010,1,31,22,NA,-21,-11,1021,NW,1.79,0,0",
    "2,2010,1,31,23,NA,-21,-12.5,1020,cv,4.92,0,0",
    "3,2010,2,1,0,129,-16,-4,1020,SE,1.79,1,2",
]


def test_reads_hours_across_the_end_of_a_month(write):
    air = read_hours(write(HEAD + "\r\n".join(ROWS)))
    assert air.hours.tolist() == np.arange("2010-01-31T22", "2010-02-01T01", dtype="M8[h]").tolist()
    np.testing.assert_array_equal(air.values["pm25"], np.array([np.nan, np.nan, 129], np.float32))
    np.testing.assert_array_equal(air.values["temperature"], np.array([-11, -12.5, -4], "f4"))
    assert air.values["rain_hours"].tolist() == [0, 0, 2] and air.wind.tolist() == [2, 0, 3]
    assert len(air.values) == 7 and all(v.dtype == np.float32 for v in air.values.values())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", " line 1: expected the header No,year,"),
        ("a,b\n", " line 1: expected the header"),
        (HEAD, ": no hour in the file"),
        (HEAD + ROWS[0] + "\n" + ROWS[1][:-2], " line 3: 12 fields, expected 13"),
        (HEAD + ROWS[0].replace("NA", "n/a"), " line 2: pm2.5 is 'n/a', expected a number or NA"),
        (HEAD + ROWS[0].replace("NW", "N"), " line 2: wind 'N', expected cv, NE, NW, SE"),
        (HEAD + ROWS[0].replace("2010,1,31", "2010,1,32"), " line 2: expected whole numbers for"),
        (HEAD + ROWS[0] + "\n" + ROWS[2], " line 3: 2010-02-01T00 does not follow 2010-01-31T22"),
    ],
)
def test_names_the_line(write, told, text, message):
    told(read_hours, write(text), message)


def test_gaps_take_the_last_measurement_before_them():
    nan = np.nan
    filled, measured = fill_gaps(np.array([nan, nan, 3, nan, 5, nan, nan], np.float32))
    assert filled.tolist() == [3, 3, 3, 3, 5, 5, 5] and filled.dtype == np.float32
    assert measured.tolist() == [False, False, True, False, True, False, False]
    whole = np.array([1.0, 2.0])
    assert fill_gaps(whole)[0].tolist() == [1.0, 2.0] and fill_gaps(whole)[1].all()
    with pytest.raises(ValueError, match="nothing was measured"):
        fill_gaps(np.array([nan]))
