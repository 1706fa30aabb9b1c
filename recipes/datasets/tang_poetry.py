"""Tang poems: author, title and verses, in Traditional characters."""

import re
from dataclasses import dataclass
from pathlib import Path

from recipes.datasets.reading import read_json
from zoo.errors import InputError

VERSE_MARKS = re.compile("[，。？！；：、]")
HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]+")


@dataclass(frozen=True)
class Poem:
    """One poem.

    Args:
        title: Its title; may be "".
        author: Its author.
        couplets: The printed lines, most of them two verses: "白日依山盡，黃河入海流。".
        tags: Keywords, in Simplified characters; most poems have none.
    """

    title: str
    author: str
    couplets: tuple[str, ...]
    tags: tuple[str, ...] = ()

    @property
    def verses(self) -> tuple[str, ...]:
        """The verses without punctuation: ("白日依山盡", "黃河入海流")."""
        parts = (part for line in self.couplets for part in VERSE_MARKS.split(line))
        return tuple(part for part in parts if part)

    @property
    def is_clean(self) -> bool:
        """Whether nothing but characters and common punctuation stands in it.

        Left out that way are lost characters (□), an editor's brackets and variants, and
        characters described by their parts ({風兪}).
        """
        return all(HAN.fullmatch(verse) for verse in self.verses)

    @property
    def verse_length(self) -> int | None:
        """How many characters every verse has; None where they differ (5 and 7 are the rule)."""
        lengths = {len(verse) for verse in self.verses}
        return lengths.pop() if len(lengths) == 1 else None


def read_poems(path: str | Path) -> list[Poem]:
    """Reads a file of the chinese-poetry collection: a JSON list of poems.

    Raises:
        InputError: The file is not such a list, or a poem has no author or no line; or as for
            `read_text`.
    """
    content = read_json(path)
    if not isinstance(content, list) or not content:
        raise InputError(f"{path}: expected a JSON list of poems")
    return [_poem(path, number, entry) for number, entry in enumerate(content, 1)]


def _poem(path: str | Path, number: int, entry: object) -> Poem:
    try:
        lines, tags = entry["paragraphs"], entry.get("tags", [])
        texts = [entry["title"], entry["author"], *lines, *tags]
        if not lines or not all(isinstance(text, str) for text in texts):
            raise TypeError
    except (TypeError, KeyError, AttributeError):
        wanted = "title, author and paragraphs, a list of lines"
        raise InputError(f"{path}: poem {number}: expected {wanted}") from None
    return Poem(entry["title"], entry["author"], tuple(lines), tuple(tags))
