"""One long text with its end held out."""

import pytest

from recipes.datasets.text_corpus import read_corpus


def test_the_last_part_is_held_out(write):
    text = "".join(chr(ord("a") + i % 26) for i in range(999)) + "é"
    train, held_out = read_corpus(write(text))
    assert train + held_out == text and len(held_out) == 100
    assert read_corpus(write(text), held_out=0.0) == (text, "")


def test_the_published_cut_of_tiny_shakespeare(write):
    train, held_out = read_corpus(write("x" * 1_115_394))
    assert (len(train), len(held_out)) == (1_003_854, 111_540)


def test_names_what_is_wrong(write, told):
    told(read_corpus, write(" \n"), ": no text in the file")
    told(read_corpus, write(b"a\nb\xff"), " line 2: the byte 0xff is not utf-8")
    with pytest.raises(ValueError, match=r"held_out is 1\.0, expected a share"):
        read_corpus(write("text"), held_out=1.0)
