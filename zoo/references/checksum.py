"""Whether a file on disk has the content it should have, hashed once as long as it is unchanged."""

import hashlib
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from zoo.errors import InputError

CHUNK_BYTES = 1 << 20
GZIP_WINDOW = 16 + zlib.MAX_WBITS


def difference(path: Path, size: int | None, sha256: str | None, *, gzipped: bool = False) -> str:
    """Says how a file differs from what it should be.

    Args:
        path: An existing file.
        size: The right number of bytes, or None where any is right.
        sha256: The right hash, in hexadecimal, or None where any is right.
        gzipped: Whether the file is gzip data, and size and hash are of what it unpacks to.

    Returns:
        "" if the content is right, otherwise a phrase such as "9 bytes, expected 12".
    """
    try:
        stat = path.stat()
        if not gzipped and size is not None and stat.st_size != size:
            return f"{stat.st_size:,} bytes, expected {size:,}"
        if sha256 is None and not gzipped:
            return ""
        # The change time is set by the kernel: an edit that puts the old mtime back is seen.
        stamp = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
        found_size, found = _content(str(path), stamp, size if gzipped else None)
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    except (zlib.error, EOFError):
        return "damaged or cut gzip data"
    if size is not None and found_size != size:
        return f"{found_size:,} bytes unpacked, expected {size:,}"
    return "" if sha256 in (None, found) else f"sha256 {found}, expected {sha256}"


def digest(path: Path) -> str:
    """Returns the sha256 of a file, or of a folder's files and their names, in hexadecimal.

    Raises:
        InputError: it is not there or cannot be read.
    """
    found = hashlib.sha256()
    try:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            if file != path:
                found.update(f"{file.relative_to(path).as_posix()}\0".encode())
            stat = file.stat()
            stamp = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
            found.update(_content(str(file), stamp, None)[1].encode())
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    return found.hexdigest()


@cache
def _content(path: str, stamp: tuple[int, ...], unpacked_size: int | None) -> tuple[int, str]:
    """Returns (bytes, sha256); `stamp` is there so that a changed file is hashed again."""
    del stamp
    digest, size = hashlib.sha256(), 0
    chunks = _plain_chunks(path) if unpacked_size is None else _unpacked_chunks(path)
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
        # A small gzip file can unpack to any size; nobody needs to see the end of a wrong one.
        if unpacked_size is not None and size > unpacked_size:
            break
    return size, digest.hexdigest()


def _plain_chunks(path: str) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _unpacked_chunks(path: str) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(GZIP_WINDOW)
    for packed in _plain_chunks(path):
        while packed and not unpacker.eof:
            yield unpacker.decompress(packed, CHUNK_BYTES)
            packed = unpacker.unconsumed_tail
    if not unpacker.eof:
        raise EOFError
