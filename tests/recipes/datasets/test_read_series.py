"""One number a month."""

import numpy as np
import pytest

from recipes.datasets.series import read_series

HEAD = '"Month","Sunspots"\r\n'


def test_reads_months_and_numbers(write):
    series = read_series(write(HEAD + '"1749-11",158.6\r\n"1749-12",85\r\n"1750-01",73.3'))
    assert series.name == "Sunspots"
    assert series.months.astype(str).tolist() == ["1749-11", "1749-12", "1750-01"]
    np.testing.assert_array_equal(series.values, np.array([158.6, 85, 73.3], np.float32))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", " line 1: the header [], expected 'Month' and a name"),
        ("Date,Value\n", " line 1: the header ['Date', 'Value'], expected"),
        (HEAD, ": no month in the file"),
        (HEAD + '"1749-01",58\n"1749-03",70\n', " line 3: 1749-03 does not follow 1749-01"),
        (HEAD + '"1749-13",58\n', " line 2: '1749-13,58', expected a month such as 1749-01"),
        (HEAD + '"1749-01",many\n', " line 2: '1749-01,many', expected"),
        (HEAD + '"1749-01",nan\n', " line 2: '1749-01,nan', expected"),
        (HEAD + '"1749-01",-inf\n', " line 2: '1749-01,-inf', expected"),
        (HEAD + '"1749-01",3.5e38\n', " line 2: '1749-01,3.5e38', expected"),
        (HEAD + '"1749-01"\n', " line 2: '1749-01', expected"),
        (HEAD + '"1749-01-01",3\n', " line 2: "),
    ],
)
def test_names_the_line(write, told, text, message):
    told(read_series, write(text), message)
