"""A request's JSON body as TensorFlow Serving reads it: NaN, any depth, bytes that are no UTF-8."""

import json
import json.decoder
import math
import re
from typing import Any

from zoo.serving.status import invalid

# Each value of a parsed body is a Python object: a body of two-byte values would take thirty times
# its own memory.
MOST_VALUES = 1 << 22
MOST_BRACKETS = 1 << 20
# The parser for great depth is in Python, and slow.
_MOST_DEEP_BYTES = 1 << 20
# What may be a number beyond float64; a string that looks so costs time, nothing else.
_HUGE = re.compile(rb"[0-9]{300}|[eE]\+?[0-9]{3}")
_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS = {
    "null": None,
    "true": True,
    "false": False,
    "NaN": math.nan,
    "Infinity": math.inf,
    "-Infinity": -math.inf,
}


def parse_body(body: bytes) -> dict[str, Any]:
    """Reads a request's body.

    Args:
        body: JSON text; a byte order mark is passed over. NaN and Infinity are numbers. Bytes in a
            string that are no UTF-8 become surrogates, from which `encode_text` makes them again.

    Returns:
        The document.

    Raises:
        ServingError: INVALID_ARGUMENT where it is no JSON object, or holds more than
            `MOST_VALUES` values or `MOST_BRACKETS` lists and objects.

    Example:

    >>> parse_body(b'{"instances": [1.0]}')
    {'instances': [1.0]}
    """
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    if body.count(b",") > MOST_VALUES or body.count(b"[") + body.count(b"{") > MOST_BRACKETS:
        raise invalid(
            f"the body holds more than the {MOST_VALUES} values or the {MOST_BRACKETS} lists "
            "that are allowed"
        )
    body = body.removeprefix(b"\xef\xbb\xbf")
    try:
        text = body.decode("utf-8", "surrogateescape")
        document = _parse(text, careful=_HUGE.search(body) is not None)
        if b"\\ud" in body or b"\\uD" in body:
            _refuse_half_pairs(body)
    except ValueError as error:
        raise invalid(f"JSON Parse error: {error}") from None
    if not isinstance(document, dict):
        raise invalid(f"JSON Value: {text_of(document)} Is not object")
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid("not formatted correctly. 'signature_name' key must be a string value.")
    return document


def encode_text(text: str) -> bytes:
    """Returns the bytes that a string of the body had."""
    return text.encode("utf-8", "surrogateescape")


def text_of(value: Any) -> str:
    """Returns a JSON value for a message: short, and no list or object in full."""
    if isinstance(value, (list, dict)):
        return "[...]" if isinstance(value, list) else "{...}"
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def kind_of(value: Any) -> str:
    """Returns the name of a JSON value's type: Null, False, True, Object, Array, String, Number."""
    if value is None or isinstance(value, bool):
        return {None: "Null", False: "False", True: "True"}[value]
    kinds = {dict: "Object", list: "Array", str: "String"}
    return kinds.get(type(value), "Number")


def _parse(text: str, careful: bool) -> Any:
    try:
        if careful:
            return json.loads(text, parse_float=_read_float, parse_int=_read_int)
        return json.loads(text)
    except RecursionError:
        if len(text) > _MOST_DEEP_BYTES:
            raise invalid("JSON Parse error: nested too deeply for a body of this size") from None
        return _parse_deep(text)


def _read_float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("Number too big to be stored in double.")
    return number


def _read_int(digits: str) -> int | float:
    # No integer type has so many digits; Python itself refuses to read very many.
    return _read_float(digits) if len(digits) > 300 else int(digits)


def _refuse_half_pairs(body: bytes) -> None:
    """Raises where an escape stands for half of a surrogate pair: that is no text."""
    document = _parse(body.decode("utf-8", "replace"), careful=True)
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError:
                raise ValueError("The surrogate pair in string is invalid.") from None


def _parse_deep(text: str) -> Any:
    """Reads a document of any depth, with a list of what is open in place of recursion."""
    # Of each open list or object: the container, and the key that the next value gets.
    open_: list[list] = []
    at = _SPACE.match(text).end()
    while True:
        value, at, opened = _next_value(text, at)
        at = _SPACE.match(text, at).end()
        if opened:
            open_.append([value, None])
            if text[at : at + 1] != _closing(value):
                at = _before_value(text, at, open_[-1])
                continue
            at += 1
            value = open_.pop()[0]
        # A whole value: put it where it belongs, and close what ends with it.
        while open_:
            at = _SPACE.match(text, at).end()
            container, key = open_[-1]
            if isinstance(container, dict):
                container[key] = value
            else:
                container.append(value)
            sign = text[at : at + 1]
            if sign == ",":
                at = _before_value(text, _SPACE.match(text, at + 1).end(), open_[-1])
                break
            if sign != _closing(container):
                raise ValueError(f"Expecting ',' or an end at offset: {at}")
            at += 1
            value = open_.pop()[0]
        else:
            if _SPACE.match(text, at).end() != len(text):
                raise ValueError(f"something follows the document at offset: {at}")
            return value


def _closing(container: list | dict) -> str:
    return "]" if isinstance(container, list) else "}"


def _before_value(text: str, at: int, entry: list) -> int:
    """Reads a key where the open container is an object; returns where the value begins."""
    if isinstance(entry[0], list):
        return at
    if text[at : at + 1] != '"':
        raise ValueError(f"Missing a name for object member at offset: {at}")
    entry[1], at = json.decoder.scanstring(text, at + 1, True)
    at = _SPACE.match(text, at).end()
    if text[at : at + 1] != ":":
        raise ValueError(f"Missing a colon after a name of object member at offset: {at}")
    return _SPACE.match(text, at + 1).end()


def _next_value(text: str, at: int) -> tuple[Any, int, bool]:
    """Reads a value without children, or opens a container: (value, where it ends, opened)."""
    sign = text[at : at + 1]
    if sign == "[":
        return [], at + 1, True
    if sign == "{":
        return {}, at + 1, True
    if sign == '"':
        return *json.decoder.scanstring(text, at + 1, True), False
    for word, value in _WORDS.items():
        if text.startswith(word, at):
            return value, at + len(word), False
    number = _NUMBER.match(text, at)
    if number is None:
        raise ValueError(f"Invalid value at offset: {at}")
    _, fraction, exponent = number.groups()
    read = _read_float if fraction or exponent else _read_int
    return read(number[0]), number.end(), False
