"""Fonts that have the signs of a text."""

import unicodedata
from collections.abc import Iterable

# In the names of fonts that have ideographs; matplotlib's own has none.
_WIDE = ("CJK", "Ming", "Song", "Hei", "Kai", "WenQuan", "Han Serif", "Han Sans")


def fonts_for(texts: Iterable[str]) -> list[str] | None:
    """Returns names of installed fonts that have ideographs, where texts have any.

    Args:
        texts: What is to be written.

    Returns:
        None where every font will do; an empty list where none is installed that does.
    """
    if all(unicodedata.east_asian_width(sign) not in "WF" for text in texts for sign in text):
        return None
    from matplotlib import font_manager

    known = {font.name for font in font_manager.fontManager.ttflist}
    return sorted(name for name in known if any(word in name for word in _WIDE))
