"""Opening a data file, plain or gzipped, with errors that name the file and the line."""

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from zoo.errors import InputError

GZIP_MAGIC = b"\x1f\x8b"
LARGEST_NUMBER = (2 - 2**-23) * 2.0**127


def read_bytes(path: str | Path) -> bytes:
    """Reads a whole file; one that starts as gzip does is unpacked, whatever its name.

    Raises:
        InputError: The file is missing, cannot be read, or is gzip data that is cut or damaged.
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    if not content.startswith(GZIP_MAGIC):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: damaged or cut gzip data: {error}") from None


def read_text(path: str | Path, encoding: str = "utf-8") -> str:
    """Reads a whole text file, plain or gzipped.

    A byte order mark is dropped and a carriage return before a line feed too.

    Args:
        path: The file.
        encoding: A Python codec name; "utf-8" takes a byte order mark as well as none.

    Raises:
        InputError: As for `read_bytes`, and for bytes that are not in the encoding; the message
            names the file, the line and the byte.
    """
    return decoded(read_bytes(path), path, encoding)


def decoded(content: bytes, path: str | Path, encoding: str = "utf-8") -> str:
    """Turns a file's bytes into text, as `read_text` does; `path` is for the message."""
    codec = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        byte = error.object[error.start]
        raise line_error(
            path, line, f"the byte 0x{byte:02x} is not {encoding}; save the file as {encoding}"
        ) from None
    return text.replace("\r\n", "\n")


def open_bytes(path: str | Path) -> BinaryIO:
    """Opens a file, plain or gzipped, for reading bytes; see `read_bytes` for what is raised."""
    return io.BytesIO(read_bytes(path))


def open_text(path: str | Path, encoding: str = "utf-8") -> TextIO:
    """Opens a text file, plain or gzipped; see `read_text` for what is raised.

    Lines end at a line feed and nowhere else: Latin-1 text may hold 0x85, which
    `str.splitlines` takes for the end of a line.

    Example:

    >>> with open_text("train.tsv") as lines:  # doctest: +SKIP
    ...     first = next(lines)
    """
    return io.StringIO(read_text(path, encoding), newline="\n")


def numbered_lines(path: str | Path, encoding: str = "utf-8") -> Iterator[tuple[int, str]]:
    """Yields (line number from 1, line without its line feed) for every line of a text file."""
    with open_text(path, encoding) as lines:
        for number, line in enumerate(lines, 1):
            yield number, line.removesuffix("\n")


def read_json(path: str | Path) -> Any:
    """Reads a JSON file, plain or gzipped; what is not JSON is an `InputError` with its line."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise line_error(path, error.lineno, f"this is not JSON: {error.msg}") from None


def finite_number(text: str) -> float:
    """Returns the number of a text; raises `ValueError` for nan, infinity, or beyond float32.

    What computes with it does so in float32, whose largest number is 3.4e38.
    """
    value = float(text)
    if not abs(value) <= LARGEST_NUMBER:
        raise ValueError(f"{text.strip()} is not a number that float32 holds")
    return value


def line_error(path: str | Path, line: int, message: str) -> InputError:
    """Makes the error for one line of a file: "FILE line 3: message"."""
    return InputError(f"{path} line {line}: {message}")
