"""Base64 as TensorFlow Serving reads it."""

import base64
import binascii
import re

_ALPHABET = re.compile(r"[A-Za-z0-9+/]*")


def decode_base64(text: str) -> bytes | None:
    """Decodes base64 text, with or without its padding, passing over white space.

    Args:
        text: Characters of the usual alphabet (RFC 4648, section 4); "." pads like "=".

    Returns:
        The bytes; None where the text is no base64. Padding may be missing, not wrong.

    Example:

    >>> decode_base64("aGVs bG8")
    b'hello'
    """
    text = "".join(text.split()).replace(".", "=")
    digits = text.rstrip("=")
    missing = -len(digits) % 4
    padding = len(text) - len(digits)
    if missing == 3 or padding not in (0, missing) or not _ALPHABET.fullmatch(digits):
        return None
    try:
        return base64.b64decode(digits + "=" * missing)
    except (binascii.Error, ValueError):
        return None
