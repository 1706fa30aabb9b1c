"""News items in CSV, with the blemishes of the public file."""

import pytest

from recipes.datasets.ag_news import Item, mended, read_news

ROWS = r""""3","Fears for T N pension","Unions at Turner   Newall say ""so"", ..."
"4","Second team","A second\team for the  #36;10 million prize"
"""


def test_reads_items(write):
    assert read_news(write(ROWS)) == [
        Item(2, "Fears for T N pension", 'Unions at Turner Newall say "so", ...'),
        Item(3, "Second team", "A second team for the $10 million prize"),
    ]


def test_reads_items_as_they_are(write):
    assert read_news(write(ROWS), clean=False)[1].description == (
        r"A second\team for the  #36;10 million prize"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"China #39;s", "China's"),
        (r"they #39;ve", "they've"),
        (r"quot;Yes quot; AT amp;T", '"Yes " AT &T'),
        (r"&lt;b&gt;bold&lt;/b&gt; &lt; 3", "bold < 3"),
        (r"a\\b #151; c", "a b \u2014 c"),
        ("one; two (MSFT.O); No. 1;", "one; two (MSFT.O); No. 1;"),
        (r"the 'so' one", "the 'so' one"),
    ],
)
def test_mends(text, expected):
    assert mended(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"1","a","b"\n"5","a","b"\n', " line 2: 3 fields ['5', 'a', 'b'], expected \"CLASS\""),
        ('"1","a"\n', " line 1: 2 fields"),
        ('"1","a","b"\n"2","a', " line 2: damaged quoting"),
        ("", ": no news item in the file"),
    ],
)
def test_names_the_line(write, told, text, message):
    told(read_news, write(text), message)
