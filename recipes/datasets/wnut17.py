"""Named entities, one word and its tag a line, as in WNUT 2017."""

import re
from pathlib import Path

from recipes.datasets.reading import line_error, numbered_lines
from zoo.errors import InputError

TAG = re.compile(r"O|[BI]-\S+")


def read_sentences(path: str | Path) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Reads a file of `word<TAB>tag` lines with a blank line after each sentence.

    A tag is O, B-TYPE for the first word of an entity or I-TYPE for one further on. In the
    training file of WNUT 2017 the "blank" lines hold a tab.

    Returns:
        (words, tags) for each sentence, two tuples of the same length.

    Raises:
        InputError: A line has not two fields, or a tag is not of that form; or as for
            `read_text`.
    """
    sentences, words, tags = [], [], []
    for number, line in numbered_lines(path):
        if line.strip():
            word, tag = _word_and_tag(path, number, line)
            words.append(word)
            tags.append(tag)
        elif words:
            sentences.append((tuple(words), tuple(tags)))
            words, tags = [], []
    if words:
        sentences.append((tuple(words), tuple(tags)))
    if not sentences:
        raise InputError(f"{path}: no sentence in the file")
    return sentences


def _word_and_tag(path: str | Path, number: int, line: str) -> tuple[str, str]:
    word, *tags = line.split("\t")
    word, tags = word.strip(), [tag.strip() for tag in tags]
    if len(tags) != 1 or not word or not TAG.fullmatch(tags[0]):
        wanted = "word<TAB>tag with a tag such as O, B-person or I-person"
        raise line_error(path, number, f"{line!r}, expected {wanted}")
    return word, tags[0]
