"""Pronouncing dictionaries in both of their forms."""

import pytest

from recipes.datasets.cmudict import read_pairs
from zoo.errors import InputError

DICT = """\
'bout B AW1 T
aalborg AO1 L B AO0 R G # place, danish
aalborg(2) AA1 L B AO0 R G
record R AH0 K AO1 R D
record(2) R EH1 K ER0 D
record(3) R AH1 K AO0 R D

# a remark of its own
Émile EY0 M IY1 L
"""


@pytest.fixture
def write(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "words.dict"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def test_reads_the_form_with_spaces(write):
    assert read_pairs(write(DICT)) == [
        ("'bout", ("B", "AW1", "T")),
        ("aalborg", ("AO1", "L", "B", "AO0", "R", "G")),
        ("aalborg", ("AA1", "L", "B", "AO0", "R", "G")),
        ("record", ("R", "AH0", "K", "AO1", "R", "D")),
        ("record", ("R", "EH1", "K", "ER0", "D")),
        ("record", ("R", "AH1", "K", "AO0", "R", "D")),
        ("Émile", ("EY0", "M", "IY1", "L")),
    ]


def test_without_stress_equal_pronunciations_are_one(write):
    pairs = read_pairs(write(DICT), strip_stress=True)
    assert pairs[3:] == [
        ("record", ("R", "AH", "K", "AO", "R", "D")),
        ("record", ("R", "EH", "K", "ER", "D")),
        ("Émile", ("EY", "M", "IY", "L")),
    ]


def test_reads_the_form_with_a_tab(write):
    path = write("AARON'S\tEH R AH N Z\r\nA\tAH\r\nA\tEY\r\n")
    assert read_pairs(path) == [
        ("AARON'S", ("EH", "R", "AH", "N", "Z")),
        ("A", ("AH",)),
        ("A", ("EY",)),
    ]


@pytest.mark.parametrize("line", ["zoo", "zoo\t", "zoo # Z UW1", "\tZ UW1", "zoo(2)"])
def test_a_line_without_a_word_or_phones_is_told(write, line):
    path = write(f"a AH0\n{line}\n")
    with pytest.raises(InputError) as error:
        read_pairs(path)
    assert str(error.value).startswith(f"{path} line 2: {line!r}, expected a word, then")


def test_an_empty_file_and_another_encoding_are_told(write):
    with pytest.raises(InputError, match="no pronunciation in the file"):
        read_pairs(write("\n# remark\n"))
    with pytest.raises(InputError, match="line 9: the byte 0xc9 is not utf-8"):
        read_pairs(write(DICT, "latin-1"))
