"""Words with entity tags."""

import pytest

from recipes.datasets.wnut17 import read_sentences


@pytest.mark.parametrize("blank", ["\n", "\t\n", "\n\t\n\n", "\r\n"])
@pytest.mark.parametrize("end", ["", "\n", "\n\t\n"])
def test_a_sentence_ends_at_a_line_without_a_word(write, blank, end):
    path = write(
        f"@ann\tO\nIn\tO\nNew\tB-location\nYork\tI-location\n{blank}´\tB-creative-work{end}"
    )
    assert read_sentences(path) == [
        (("@ann", "In", "New", "York"), ("O", "O", "B-location", "I-location")),
        (("´",), ("B-creative-work",)),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tO\nb\n", " line 2: 'b', expected word<TAB>tag with a tag such as O, B-person"),
        ("a\tO\n\nb\tperson\n", " line 3: 'b\\tperson', expected"),
        ("a\tO\tO\n", " line 1: 'a\\tO\\tO', expected"),
        ("\tO\n", " line 1: '\\tO', expected"),
        ("a\tB-\n", " line 1: "),
        ("\t\n\n", ": no sentence in the file"),
    ],
)
def test_names_the_line(write, told, text, message):
    told(read_sentences, write(text), message)
