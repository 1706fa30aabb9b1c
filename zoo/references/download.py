"""Bringing a file from its address to this machine, whole or not at all."""

import errno
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from zoo.errors import InputError
from zoo.references.addresses import DownloadFailed, opened
from zoo.references.checksum import difference

# Called with (file name, bytes so far, bytes in all or None where the server does not say).
Progress = Callable[[str, int, int | None], None]

TRIES = 3
SECONDS_BETWEEN_TRIES = 1.0
# The most that is taken of a file whose size is not known beforehand.
MOST_BYTES = 2 << 30


def download(
    url: str,
    target: Path,
    size: int | None = None,
    sha256: str | None = None,
    progress: Progress | None = None,
    name: str = "",
    *,
    setting: str = "ZOO_DATA",
    most: int = MOST_BYTES,
) -> None:
    """Downloads one file; `target` is replaced in one step, and only by the right bytes.

    A connection that is cut and a server that is busy are tried three times. Several processes
    may do this at once: each writes a temporary file of its own beside the target. A server that
    sends more than the right number of bytes is cut off there.

    Args:
        url: The address of the bytes.
        target: The file to make; its folder is made where it is missing.
        size: The right number of bytes, or None where it is not known.
        sha256: The right hash, in hexadecimal, or None where it is not known.
        progress: Called with (name, bytes so far, bytes in all) while the bytes arrive.
        name: What to call the file in those calls.
        setting: The environment variable that names the folder, for the message.
        most: The most bytes to take where `size` is None.

    Raises:
        DownloadFailed: The address gave nothing, or something else.
        InputError: The folder of the target cannot be written to.
    """
    for left in reversed(range(TRIES)):
        try:
            _try_once(url, target, size, sha256, progress, name, most)
            return
        except DownloadFailed as failure:
            if not (failure.may_pass and left):
                raise
            time.sleep(SECONDS_BETWEEN_TRIES * (TRIES - left))
        except OSError as error:
            reason = os.strerror(error.errno or errno.EACCES)
            raise InputError(
                f"cannot write {target}: {reason}; set {setting} to a folder that can "
                f"be written to, or put the file from {url} there by hand"
            ) from None


def _try_once(
    url: str,
    target: Path,
    size: int | None,
    sha256: str | None,
    progress: Progress | None,
    name: str,
    most: int,
) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".download-")
    try:
        with open(handle, "wb") as file, opened(url) as (chunks, announced):
            limit, done = most if size is None else size, 0
            for chunk in chunks:
                if done + len(chunk) > limit:
                    raise DownloadFailed(f"it sent other content: more than {limit:,} bytes")
                file.write(chunk)
                done += len(chunk)
                if progress:
                    progress(name, done, announced if size is None else size)
        wrong = difference(Path(temporary), size, sha256)
        if wrong:
            raise DownloadFailed(f"it sent other content: {wrong}")
        # Temporary files are for their owner only; the folder may be shared.
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
