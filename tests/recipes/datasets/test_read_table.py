"""A person's own tab-separated file: what is taken, and what every slip is told."""

import gzip

import pytest

from recipes.datasets.notice import without_repeats
from recipes.datasets.table import read_table
from zoo.errors import InputError

FIELDS = ("word", "pronunciation")


def write(tmp_path, content: bytes):
    path = tmp_path / "own.tsv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        b"zoo\tZ UW\n\xc3\xa9\tEY\n",
        b"zoo\tZ UW\n\xc3\xa9\tEY",
        b"\xef\xbb\xbfzoo\tZ UW\r\n\xc3\xa9\tEY\r\n",
        b"\n zoo \tZ UW \n\n  \n\xc3\xa9\tEY\n\n",
        gzip.compress(b"zoo\tZ UW\n\xc3\xa9\tEY\n", mtime=0),
    ],
    ids=["plain", "no line feed at the end", "mark and CRLF", "empty lines", "gzip"],
)
def test_reads_rows(tmp_path, content):
    path = write(tmp_path, content)
    assert read_table(path, FIELDS) == [("zoo", "Z UW"), ("é", "EY")]


def test_keeps_quotation_marks_and_line_separators(tmp_path):
    path = write(tmp_path, '"a\tb"\nc\x85d\te\u2028f\n'.encode())
    assert read_table(path, FIELDS) == [('"a', 'b"'), ("c\x85d", "e\u2028f")]


def test_reads_one_column(tmp_path):
    assert read_table(write(tmp_path, b"a b\nc\n"), ("name",)) == [("a b",), ("c",)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\tb\nc\td\nzoo\n", " line 3: 1 field, expected 2: word<TAB>pronunciation"),
        (b"a\tb\tc\n", " line 1: 3 fields, expected 2: word<TAB>pronunciation"),
        (b"a\tb\n\nc\t\n", " line 3: the field 'pronunciation' is empty, expected 2: word<TAB>"),
        (b"\xef\xbb\xbfa\tb\n \tb\n", " line 2: the field 'word' is empty"),
        (b"\t\n", " line 1: the field 'word' is empty"),
        (b"a\tb\ncaf\xe9\tb\n", " line 2: the byte 0xe9 is not utf-8; save the file as utf-8"),
        (b"\xef\xbb\xbfa\tb\n\nc\xff", " line 3: the byte 0xff is not utf-8"),
        ("a\tb\n".encode("utf-16"), " line 1: the byte 0xff is not utf-8"),
        (b"", ": no row in the file, expected lines of 2: word<TAB>pronunciation"),
        (b"\xef\xbb\xbf\r\n\r\n", ": no row in the file"),
        (gzip.compress(b"a\tb\n" * 99, mtime=0)[:-12], ": damaged or cut gzip data"),
    ],
)
def test_names_the_file_the_line_and_what_is_right(tmp_path, content, message):
    path = write(tmp_path, content)
    with pytest.raises(InputError) as error:
        read_table(path, FIELDS)
    assert str(error.value).startswith(f"{path}{message}")
    assert "\n" not in str(error.value)


def test_names_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(InputError, match=r"none\.tsv: there is no such file"):
        read_table(tmp_path / "none.tsv", FIELDS)
    with pytest.raises(InputError, match="cannot be read"):
        read_table(tmp_path, FIELDS)


@pytest.mark.parametrize("header", ["text\tlabel", "Sentence\tCategory", "TEXT\tclass"])
def test_a_header_is_left_out_and_said_so(tmp_path, capsys, header):
    path = tmp_path / "own.tsv"
    path.write_text(f"{header}\ngood\tyes\nbad\tno\n", encoding="utf-8")
    for _ in range(2):
        assert read_table(path, ("text", "label")) == [("good", "yes"), ("bad", "no")]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and said[0].startswith(f"{path}: line 1 is taken for a header")


@pytest.mark.parametrize("first", ["good\tlabel", "text\ttext", "a text\tlabel", "words\tyes"])
def test_a_row_that_only_looks_a_little_like_a_header_is_a_row(tmp_path, first):
    path = tmp_path / "own.tsv"
    path.write_text(f"{first}\nbad\tno\n", encoding="utf-8")
    assert len(read_table(path, ("text", "label"))) == 2


def test_a_header_in_another_order_is_refused(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("label\ttext\nyes\tgood\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"line 1: the header names label<TAB>text, expected"):
        read_table(path, ("text", "label"))


def test_a_header_alone_is_no_data(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("text\tlabel\n", encoding="utf-8")
    with pytest.raises(InputError, match="no row in the file"):
        read_table(path, ("text", "label"))


def test_rows_that_repeat_are_counted_aloud(tmp_path, capsys):
    assert without_repeats(["a", "b", "a", "a"], tmp_path / "own.tsv") == ["a", "b"]
    assert "own.tsv: 2 rows that repeat an earlier one left out; 2 are used" in (
        capsys.readouterr().err
    )
    assert without_repeats(["a", "b"], tmp_path / "own.tsv") == ["a", "b"]
    assert capsys.readouterr().err == ""
