"""News items with a topic, as in AG's news."""

import csv
import html
import re
from dataclasses import dataclass
from pathlib import Path

from recipes.datasets.reading import line_error, open_text
from zoo.errors import InputError

TOPICS = ("World", "Sports", "Business", "Sci/Tech")
# Entities that lost their ampersand on the way: " #39;s" was "&#39;s", "quot;" was "&quot;".
ENTITY = re.compile(r"&?(#\d{2,5}|\b(?:amp|lt|gt|quot|nbsp|hellip));")
TAG = re.compile(r"</?[A-Za-z][^<>]*>")


@dataclass(frozen=True)
class Item:
    """A news item: its topic as an index into `TOPICS`, its headline and its first lines."""

    topic: int
    title: str
    description: str


def read_news(path: str | Path, clean: bool = True) -> list[Item]:
    """Reads a file of rows `"CLASS","TITLE","DESCRIPTION"`, classes from 1.

    Args:
        path: The file.
        clean: Whether to mend the text: a backslash stands for a line's end, entities are
            written out (some lost their ampersand), and tags of web pages are taken out.

    Raises:
        InputError: A row has not three fields or no such class; or as for `read_text`.
    """
    items = []
    with open_text(path) as lines:
        rows = csv.reader(lines, strict=True)
        try:
            for row in rows:
                items.append(_item(path, rows.line_num, row, clean))
        except csv.Error as error:
            raise line_error(path, rows.line_num, f"damaged quoting: {error}") from None
    if not items:
        raise InputError(f"{path}: no news item in the file")
    return items


def _item(path: str | Path, line: int, row: list[str], clean: bool) -> Item:
    classes = [str(number) for number in range(1, len(TOPICS) + 1)]
    if len(row) != 3 or row[0] not in classes:
        wanted = f'"CLASS","TITLE","DESCRIPTION" with a class from 1 to {len(TOPICS)}'
        raise line_error(path, line, f"{len(row)} fields {str(row)[:40]}, expected {wanted}")
    title, description = (mended(text) for text in row[1:]) if clean else row[1:]
    return Item(int(row[0]) - 1, title, description)


def mended(text: str) -> str:
    """Writes out entities and line ends, drops tags, and joins what is left by single spaces.

    Example:

    >>> mended(r"China #39;s\\&lt;b&gt;grain&lt;/b&gt; costs  #36;9")
    "China's grain costs $9"
    """
    text = ENTITY.sub(lambda entity: html.unescape(f"&{entity[1]};"), text.replace("\\", " "))
    text = TAG.sub("", text)
    # The space before an apostrophe came with the entity: "China 's".
    return re.sub(r" (?='(?:s|t|re|ve|ll|d|m)\b)", "", " ".join(text.split()))
