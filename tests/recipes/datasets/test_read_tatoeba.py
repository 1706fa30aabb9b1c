"""Sentence pairs in a zip file."""

import io
import zipfile

import pytest

from recipes.datasets.tatoeba import read_pairs

TEXT = "Hi.\t嗨。\nHi.\t你好。\nRun!\tCours\u202f!\n"
PAIRS = [("Hi.", "嗨。"), ("Hi.", "你好。"), ("Run!", "Cours\u202f!")]


def packed(**texts: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as members:
        for name, text in texts.items():
            members.writestr(f"{name}.txt", text)
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        packed(_about="** Info **\n", cmn=TEXT),
        packed(cmn=TEXT.replace("\n", "\tCC-BY 2.0 (France)\r\n")),
        TEXT.encode(),
    ],
    ids=["zip", "with attributions", "text"],
)
def test_reads_pairs_in_order(write, content):
    assert read_pairs(write(content)) == PAIRS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (packed(fra="a\tb\nc\n"), ", fra.txt line 2: 'c', expected English<TAB>other language"),
        (packed(fra="a\tb\nc\t \n"), ", fra.txt line 2: 'c\\t ', expected"),
        (packed(fra=""), ", fra.txt: no sentence pair"),
        (packed(_about="x"), ": expected one text file in the zip file, found none"),
        (packed(a="x", b="y"), ": expected one text file in the zip file, found a.txt, b.txt"),
        (packed(fra=TEXT)[:-30], ": damaged or cut zip file"),
        (b"a\tb\n\xff\tc\n", " line 2: the byte 0xff is not utf-8"),
    ],
)
def test_names_what_is_wrong(write, told, content, message):
    told(read_pairs, write(content), message)


def test_names_a_damaged_member(write, told):
    content = bytearray(packed(fra=TEXT * 50))
    content[60] ^= 0xFF
    told(read_pairs, write(bytes(content)), ": damaged or cut zip file")
