"""Books without their licence, cut into paragraphs and sentences."""

import pytest

from recipes.datasets.gutenberg import paragraphs, read_book, sentences

HEADER = "\ufeffThe Project Gutenberg EBook of It\n\nTitle: It\n\n"
START = "*** START OF THIS PROJECT GUTENBERG EBOOK IT ***\n"
END = "*** END OF THIS PROJECT GUTENBERG EBOOK IT ***\n\nLicence. *** Terms ***\n"
BOOK = "IT\n\nBy Her\n\nChapter I\n\nIt was\nlate."


@pytest.mark.parametrize(
    "text",
    [
        HEADER + START + "\n\n" + BOOK + "\n\n\n" + END,
        HEADER + START + "\n\nProduced by A. Person and\nanother one\n\n\n" + BOOK + "\n\n" + END,
        HEADER + START + "Special thanks are due to S. P. for\nhelp.\n\n\n" + BOOK + "\n" + END,
        HEADER + START + BOOK + "\n\n\nEnd of the Project Gutenberg EBook of It, by\nHer\n\n" + END,
        HEADER + START + BOOK + "\n\nEnd of Project Gutenberg’s It, by Her\n\n" + END,
        HEADER + START.replace("THIS", "THE") + BOOK + "\n" + END.replace("THIS", "THE"),
    ],
    ids=["bare", "credits", "thanks", "last line", "another last line", "newer"],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_only_the_book_is_left(write, text, line_end):
    path = write(text.replace("\n", line_end))
    assert read_book(path) == BOOK + "\n"
    assert paragraphs(read_book(path)) == ["IT", "By Her", "Chapter I", "It was late."]


def test_a_book_that_begins_like_credits_later_on_is_kept(write):
    book = "IT\n\nProduced by magic, he said.\n\nEnd of the tale."
    assert read_book(write(START + book + "\n" + END)) == book + "\n"


@pytest.mark.parametrize("text", [BOOK, START + BOOK, BOOK + "\n" + END, END + START])
def test_names_a_file_without_the_marks(write, told, text):
    told(read_book, write(text), ": expected the lines *** START OF THIS PROJECT GUTENBERG EBOOK")


def test_paragraphs_without_a_letter_are_left_out():
    assert paragraphs("a\n b\n \t\n\n* * * *\n\n1.\n\nc") == ["a b", "c"]


@pytest.mark.parametrize(
    "expected",
    [
        ["It was late.", "He slept!", "Why?", "Yes."],
        ["“Stay!” said he.", "“No.”", "“Why (not)?”", "‘So.’"],
        ["Mr. Hill met Mrs. J. B. Hill in St. Ives.", "They spoke."],
        ["“Very well,” said DR. MANETTE.", "Then he went."],
        ["“Oh! my dear,” she cried.", "“What! is it so?” said he."],
        ["It cost 3.50 in Vol. 2 of 1813.", "A lot."],
        ["(He knew it.)", "_She_ did not.", "Énormément."],
        ["He waited ... and waited.", "At last--it came."],
        ["no mark at the end"],
    ],
)
def test_cuts_sentences(expected):
    paragraph = " ".join(expected)
    assert sentences(paragraph) == expected


def test_nothing_is_no_sentence():
    assert sentences("") == [] and paragraphs("\n \n") == []
