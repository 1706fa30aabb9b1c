"""Opening plain and gzipped files, and the errors of what cannot be opened."""

import gzip

import pytest

from recipes import datasets
from recipes.datasets import reading


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_reads_either_form(write, pack):
    path = write(pack("\ufeffa\r\nb\x85c\u2028d\rcarriage\n\ne".encode()))
    with datasets.open_text(path) as lines:
        assert list(lines) == ["a\n", "b\x85c\u2028d\rcarriage\n", "\n", "e"]
    assert [number for number, _ in reading.numbered_lines(path)] == [1, 2, 3, 4]
    with datasets.open_bytes(path) as file:
        assert file.read(4) == b"\xef\xbb\xbfa"


def test_reads_latin_1_where_0x85_ends_no_line(write):
    with datasets.open_text(write(b"caf\xe9 \x85 a\nb\n"), "latin-1") as lines:
        assert list(lines) == ["café \x85 a\n", "b\n"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\r\nb\xe9", " line 2: the byte 0xe9 is not utf-8; save the file as utf-8"),
        (gzip.compress(b"\xef\xbb\xbf\n\n\xff", mtime=0), " line 3: the byte 0xff is not utf-8"),
        (gzip.compress(b"a" * 999, mtime=0)[:-3], ": damaged or cut gzip data"),
        (gzip.compress(b"a" * 999, mtime=0)[:14], ": damaged or cut gzip data"),
        (b"\x1f\x8bnot gzip at all", ": damaged or cut gzip data"),
    ],
)
def test_names_the_file_and_the_line(write, told, content, message):
    told(datasets.open_text, write(content), message)


def test_names_a_file_that_is_not_there(tmp_path, told):
    told(datasets.open_bytes, tmp_path / "none", ": there is no such file")
    told(datasets.open_text, tmp_path, ": cannot be read: Is a directory")


def test_names_the_line_that_is_not_json(write, told):
    assert reading.read_json(write('{"a": [1]}')) == {"a": [1]}
    told(reading.read_json, write('{\n"a": [1,]\n}'), " line 2: this is not JSON: ")
