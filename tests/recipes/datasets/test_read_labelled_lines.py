"""One labelled sentence a line, in the encodings of the public files."""

import pytest

from recipes import datasets
from recipes.datasets.labelled_lines import ENCODINGS, LABELS, read_labelled


def test_the_encodings_of_the_public_files(write):
    line = "1 rancid crème \u2013 \u2018brûlée\u2019\u2026 \n0 b\n"
    expected = [(1, "rancid crème \u2013 \u2018brûlée\u2019\u2026"), (0, "b")]
    assert read_labelled(write(line.encode("utf-8")), "sst2") == expected
    assert read_labelled(write(line.encode("cp1252")), "mr-polarity") == expected
    assert read_labelled(write(line.encode("cp1252")), "subj") == expected
    assert set(ENCODINGS) == set(LABELS) <= set(datasets.names())


def test_a_byte_85_ends_no_line(write):
    assert read_labelled(write(b"0 a \x85the way\n"), "subj") == [(0, "a \u2026the way")]


def test_six_classes(write):
    assert read_labelled(write("5 How far ?\n\n3 Who ?"), "trec") == [
        (5, "How far ?"),
        (3, "Who ?"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"0 a\n2 b\n", " line 2: '2 b', expected a label from 0 to 1, a space and a sentence"),
        (b"0 a\nno label\n", " line 2: 'no label', expected"),
        (b"0 a\n\n1 \n", " line 3: '1 ', expected"),
        (b"+1 a\n", " line 1: '+1 a', expected"),
        (b"0 a\n1 cr\xe8me\n", " line 2: the byte 0xe8 is not utf-8"),
        (b"\n", ": no sentence in the file"),
    ],
)
def test_names_the_line(write, told, content, message):
    told(lambda path: read_labelled(path, "sst2"), write(content), message)
