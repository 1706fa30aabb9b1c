"""Books of Project Gutenberg: the book alone, its paragraphs, their sentences."""

import re
from pathlib import Path

from recipes.datasets.reading import read_text
from zoo.errors import InputError

# Whole books: no sentence of the test book's author is in training.
BOOKS = {
    "train": ("11-0.txt", "158-0.txt", "161.txt", "1342-0.txt", "1400-0.txt", "2701-0.txt"),
    "validation": ("98-0.txt",),
    "test": ("1661.txt",),
}

START = re.compile(r"^\*\*\* ?START OF TH(?:IS|E) PROJECT GUTENBERG EBOOK.*$", re.MULTILINE)
END = re.compile(r"^\*\*\* ?END OF TH(?:IS|E) PROJECT GUTENBERG EBOOK.*$", re.MULTILINE)
# What stands between those two lines and is not the book either.
CREDITS = re.compile(r"\s*(?:Produced by|Special thanks are due to)\b.*?\n\s*\n", re.DOTALL)
LAST_LINE = re.compile(r"\n\s*End of (?:the )?Project Gutenberg.*\Z", re.DOTALL)

# Full stops that end no sentence: after titles, single initials, and a few short forms.
TITLES = "Mr|Mrs|Ms|Messrs|Dr|St|Esq|Rev|Hon|Capt|Col|Gen|Lieut|Prof|Jr|Sr|viz|i\\.e|e\\.g"
NOT_AN_END = re.compile(rf"\b(?:(?i:{TITLES})|[A-Z])\.$")
# A mark, what may close behind it, a space, and what may open before the next capital letter.
BOUNDARY = re.compile(r"(?<=[.!?])([\"'”’)\]_]*) +(?=[\"'“‘(\[_]*[^\W\d_])")


def read_book(path: str | Path) -> str:
    """Reads a plain-text book without Project Gutenberg's header, credits and licence.

    Raises:
        InputError: The file has not the two lines that mark the start and the end; or as for
            `read_text`.
    """
    text = read_text(path)
    start, end = START.search(text), END.search(text)
    if not start or not end or end.start() < start.end():
        wanted = "*** START OF THIS PROJECT GUTENBERG EBOOK ... *** and *** END OF ..."
        raise InputError(f"{path}: expected the lines {wanted}")
    book = text[start.end() : end.start()].lstrip() + "\n"
    book = CREDITS.sub("", book, count=1) if CREDITS.match(book) else book
    return LAST_LINE.sub("", book).strip() + "\n"


def paragraphs(book: str) -> list[str]:
    """Cuts a book at its blank lines; the lines of a paragraph become one.

    What has no letter in it, such as a row of asterisks between scenes, is left out.

    Example:

    >>> paragraphs("CHAPTER I\\n\\nIt was\\nlate.\\n")
    ['CHAPTER I', 'It was late.']
    """
    parts = re.split(r"\n\s*\n", book)
    return [" ".join(part.split()) for part in parts if any(map(str.isalpha, part))]


def sentences(paragraph: str) -> list[str]:
    """Cuts a paragraph of English prose into sentences, without changing a character of them.

    A sentence ends at a full stop, question mark or exclamation mark before a capital letter; a
    title or an initial with a full stop (Mr., J.) ends none.

    Example:

    >>> sentences('"Stay!" said Mr. J. Hill. He sat down. (Why?)')
    ['"Stay!" said Mr. J. Hill.', 'He sat down.', '(Why?)']
    """
    found, start = [], 0
    for boundary in BOUNDARY.finditer(paragraph):
        capital = paragraph[boundary.end() :].lstrip("\"'“‘([_")[0]
        if not capital.isupper() or NOT_AN_END.search(paragraph, start, boundary.start()):
            continue
        found.append(paragraph[start : boundary.end(1)])
        start = boundary.end()
    found.append(paragraph[start:])
    return [sentence.strip() for sentence in found if sentence.strip()]
