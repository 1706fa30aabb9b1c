"""Pronouncing dictionaries: cmudict.dict and the files of the published g014b2b split."""

import re
from pathlib import Path

from recipes.datasets.reading import line_error, numbered_lines
from zoo.errors import InputError

VARIANT = re.compile(r"\(\d+\)$")


def read_pairs(path: str | Path, strip_stress: bool = False) -> list[tuple[str, tuple[str, ...]]]:
    """Reads a dictionary with one pronunciation a line.

    Both forms are taken, line by line: `WORD<TAB>PH PH PH`, and `word PH PH PH` as in
    cmudict.dict, where a word's further pronunciations are entries such as `word(2)` and `#`
    starts a remark. Words are left in the case that they are in.

    Args:
        path: The file.
        strip_stress: Whether to take the stress digits off the vowels (AH0 to AH). Two
            pronunciations of a word that differ in stress alone are then one, given once.

    Returns:
        (word, phones) in the file's order; a word with several pronunciations comes several
        times.

    Raises:
        InputError: A line has no phones, or no line has any; or as for `read_text`.

    Example:

    >>> from recipes import datasets
    >>> paths = datasets.fetch("cmudict")  # doctest: +SKIP
    >>> read_pairs(paths["cmudict.dict"], strip_stress=True)[-1]  # doctest: +SKIP
    ('zywicki', ('Z', 'IH', 'W', 'IH', 'K', 'IY'))
    """
    pairs = []
    for number, line in numbered_lines(path):
        entry = line.partition("#")[0] if line.startswith("#") else line.partition(" #")[0]
        if not entry.strip():
            continue
        word, *phones = entry.split("\t", 1) if "\t" in entry else entry.split(None, 1)
        phones = tuple(phones[0].split()) if phones else ()
        word = VARIANT.sub("", word.strip())
        if not word or not phones:
            wanted = "a word, then a tab or a space, then phones separated by spaces"
            raise line_error(path, number, f"{line!r}, expected {wanted}")
        pairs.append((word, phones))
    if not pairs:
        raise InputError(f"{path}: no pronunciation in the file")
    if not strip_stress:
        return pairs
    bare = ((word, tuple(phone.rstrip("012") for phone in phones)) for word, phones in pairs)
    return list(dict.fromkeys(bare))
