"""One way to write a text: what two writings of the same words become before they are read."""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from zoo.errors import InputError
from zoo.text.op_library import text_ops

FORMS = ("NFC", "NFKC")
# Every space but the plain one, the two line separators, the vertical tab and the next-line sign.
_SPACES = r"[\x{0B}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]"
# Soft hyphen, zero-width space, marks of direction, word joiner and the like, byte order mark.
_INVISIBLE = (
    r"[\x{AD}\x{61C}\x{180E}\x{200B}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2060}-\x{206F}\x{FEFF}]+"
)
# U+200C and U+200D shape the letters of these scripts, and join emoji into one.
_JOINING = (
    r"\p{Arabic}\p{Syriac}\p{Mandaic}\p{Nko}\p{Mongolian}\p{Phags_Pa}\x{64B}-\x{655}\x{670}"
    r"\p{Devanagari}\p{Bengali}\p{Gurmukhi}\p{Gujarati}\p{Oriya}\p{Tamil}\p{Telugu}\p{Kannada}"
    r"\p{Malayalam}\p{Sinhala}\p{Khmer}\p{Myanmar}\p{Tibetan}\p{Balinese}\p{Javanese}"
    r"\x{20E3}\x{2190}-\x{21FF}\x{2300}-\x{23FF}\x{2600}-\x{27BF}\x{2B00}-\x{2BFF}\x{FE0F}"
    r"\x{1F000}-\x{1FAFF}\x{E0020}-\x{E007F}"
)
_LOOSE_JOINERS = rf"(^|[^{_JOINING}\x{{200C}}\x{{200D}}])[\x{{200C}}\x{{200D}}]+"


class Normalizer(NamedTuple):
    """Brings text into one form inside the graph, so that what was learned is what is read.

    In this order: bytes that are not UTF-8 become U+FFFD; every kind of space becomes the plain
    one; signs without width are removed, but U+200C and U+200D only where no letter of a script
    that they shape, and no emoji, stands before them; then the Unicode form, and lower case. The
    result is a fixed point: `normalize` changes it no more. Line feeds and tabs stay.

    Attributes:
        form: "NFC" composes accents, and changes nothing else that can be seen; "NFKC" also writes
            full-width letters, ligatures, superscripts and the like as plain ones
            (Unicode Standard Annex 15).
        lower_case: Whether letters are lower-cased.

    Example:

    >>> Normalizer("NFKC", lower_case=True).normalize_text("\\uff21\\u0301 \\ufb01n\\u200b")
    'á fin'
    """

    form: str = "NFC"
    lower_case: bool = False

    def normalize(self, text: tf.Tensor) -> tf.Tensor:
        """Returns strings [B] in one form."""
        if self.form not in FORMS:
            raise InputError(f"the Unicode form is {self.form!r}; expected {' or '.join(FORMS)}")
        normalize_utf8 = text_ops().normalize_utf8
        text = _utf8(text)
        text = tf.strings.regex_replace(text, _SPACES, " ")
        text = tf.strings.regex_replace(text, _INVISIBLE, "")
        text = normalize_utf8(text, self.form)
        text = tf.strings.regex_replace(text, _LOOSE_JOINERS, r"\1")
        if self.lower_case:
            text = tf.strings.lower(text, encoding="utf-8")
        # Again: a joiner that is gone, or a letter that is small now, can leave two signs that
        # compose (the capital of U+01F0 is J and a mark).
        return normalize_utf8(text, self.form)

    def normalize_all(self, texts: Sequence[str]) -> list[str]:
        """Does what `normalize` does to Python strings."""
        return [one.decode() for one in self.normalize(tf.constant(list(texts), tf.string)).numpy()]

    def normalize_text(self, text: str) -> str:
        """Does what `normalize` does to one Python string."""
        return self.normalize_all([text])[0]


def _utf8(text):
    # To transcode a row takes longer than all else here, and nearly none needs it.
    broken = tf.where(~tf.strings.regex_full_match(text, r"(?s).*"))
    mended = tf.strings.unicode_transcode(
        tf.gather_nd(text, broken), "UTF-8", "UTF-8", errors="replace"
    )
    return tf.tensor_scatter_nd_update(text, broken, mended)
