"""Sentence pairs of Tatoeba, as manythings.org packs them."""

import io
import zipfile
from pathlib import Path

from recipes.datasets.reading import decoded, line_error, read_bytes
from zoo.errors import InputError

ZIP_MAGIC = b"PK\x03\x04"


def read_pairs(path: str | Path) -> list[tuple[str, str]]:
    """Reads a file such as cmn-eng.zip, or the text file inside it.

    A line is `English<TAB>other language`, in newer files with a third field, the attribution,
    which is left out. The file is sorted by length and an English sentence may stand on several
    lines: keep such lines together when you split, or the test set has been trained on.

    Args:
        path: A zip file with one text file besides `_about.txt`, or that text file.

    Returns:
        (English, other language), in the file's order.

    Raises:
        InputError: A line has fewer than two fields or an empty one; the zip file is damaged or
            holds no text file or several; or as for `read_text`.
    """
    content, where = _text_file(path)
    pairs = []
    for number, line in enumerate(decoded(content, where).split("\n"), 1):
        if not line:
            continue
        fields = [field.strip() for field in line.split("\t")[:2]]
        if len(fields) < 2 or not all(fields):
            raise line_error(where, number, f"{line!r}, expected English<TAB>other language")
        pairs.append((fields[0], fields[1]))
    if not pairs:
        raise InputError(f"{where}: no sentence pair in the file")
    return pairs


def _text_file(path: str | Path) -> tuple[bytes, str]:
    """Returns the content of the text file, and what to call it in messages."""
    content = read_bytes(path)
    if not content.startswith(ZIP_MAGIC):
        return content, str(path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as members:
            texts = [n for n in members.namelist() if n.endswith(".txt") and n[0] != "_"]
            if len(texts) != 1:
                found = ", ".join(texts) or "none"
                raise InputError(f"{path}: expected one text file in the zip file, found {found}")
            return members.read(texts[0]), f"{path}, {texts[0]}"
    except (zipfile.BadZipFile, EOFError) as error:
        raise InputError(f"{path}: damaged or cut zip file: {error}") from None
