"""Tang poems in JSON."""

import json

import pytest

from recipes.datasets.tang_poetry import Poem, read_poems

POEM = {
    "author": "王之渙",
    "paragraphs": ["白日依山盡，黃河入海流。", "欲窮千里目，更上一層樓。"],
    "title": "登鸛雀樓",
    "id": "1",
}


def test_reads_poems(write):
    tagged = {**POEM, "title": "", "tags": ["唐诗三百首", "五言绝句"]}
    first, second = read_poems(write(json.dumps([POEM, tagged], ensure_ascii=False)))
    assert first == Poem("登鸛雀樓", "王之渙", tuple(POEM["paragraphs"]))
    assert second.tags == ("唐诗三百首", "五言绝句") and second.title == ""
    assert first.verses == ("白日依山盡", "黃河入海流", "欲窮千里目", "更上一層樓")
    assert first.verse_length == 5 and first.is_clean


@pytest.mark.parametrize(
    ("couplet", "is_clean", "verse_length"),
    [
        ("君不見，黃河之水天上來！", True, None),
        ("𨣧㮰𧹁䪥𪒶，䫻𩅰天上來。", True, 5),
        ("問春桂：桃李正芬華？", True, None),
        ("此地巖□數，吾君駕鶴來。", False, 5),
        ("明君加印綬，廉使託惸[嫠]。", False, None),
        ("䬓{風兪}縈海若，霹靂耿天吳。", False, None),
        ("水急客舟（一作「行」）疾，山花拂面香。", False, None),
        ("破顏看鵲喜，拭淚聽猿嗁/。", False, None),
    ],
)
def test_what_is_clean_and_even(couplet, is_clean, verse_length):
    poem = Poem("t", "a", (couplet,))
    assert poem.is_clean is is_clean and poem.verse_length == verse_length


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, ": expected a JSON list of poems"),
        ([], ": expected a JSON list of poems"),
        ([POEM, {"title": "a"}], ": poem 2: expected title, author and paragraphs"),
        ([{**POEM, "paragraphs": []}], ": poem 1: expected"),
        ([{**POEM, "paragraphs": [1]}], ": poem 1: expected"),
        (["白日"], ": poem 1: expected"),
    ],
)
def test_names_the_poem(write, told, content, message):
    told(read_poems, write(json.dumps(content)), message)


def test_names_the_line_that_is_not_json(write, told):
    told(read_poems, write("[\n{,}\n]"), " line 2: this is not JSON")
