"""Bringing a file from its pinned address into the data folder, whole or not at all."""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

from recipes.datasets.checksum import difference
from zoo.errors import InputError

# Called with (file name, bytes so far, bytes in all or None where the server does not say).
Progress = Callable[[str, int, int | None], None]

TRIES = 3
SECONDS_BETWEEN_TRIES = 1.0
SECONDS_WITHOUT_ANSWER = 30
CHUNK_BYTES = 1 << 16


class DownloadFailed(Exception):
    """One address did not give the bytes; the message says what it did instead."""

    def __init__(self, message: str, *, may_pass: bool = False):
        super().__init__(message)
        self.may_pass = may_pass


def download(
    url: str,
    target: Path,
    size: int | None = None,
    sha256: str | None = None,
    progress: Progress | None = None,
    name: str = "",
) -> None:
    """Downloads one file; `target` is replaced in one step, and only by the right bytes.

    A connection that is cut and a server that is busy are tried three times. Several processes
    may do this at once: each writes a temporary file of its own beside the target.

    Args:
        url: Where the bytes are.
        target: The file to make; its folder is made where it is missing.
        size: The right number of bytes, or None to take any (then `sha256` is not looked at).
        sha256: The right hash, in hexadecimal.
        progress: Called with (name, bytes so far, bytes in all) while the bytes arrive.
        name: What to call the file in those calls.

    Raises:
        DownloadFailed: The address gave nothing, or something else.
        InputError: The folder of the target cannot be written to.
    """
    for left in reversed(range(TRIES)):
        try:
            return _try_once(url, target, size, sha256, progress, name)
        except DownloadFailed as failure:
            if not (failure.may_pass and left):
                raise
            time.sleep(SECONDS_BETWEEN_TRIES * (TRIES - left))


def _try_once(
    url: str,
    target: Path,
    size: int | None,
    sha256: str | None,
    progress: Progress | None,
    name: str,
) -> None:
    import pooch
    from requests.exceptions import RequestException

    def bring(url: str, temporary: str, _: object) -> None:
        bar = _Bar(progress, name, size) if progress else False
        pooch.HTTPDownloader(
            progressbar=bar, chunk_size=CHUNK_BYTES, timeout=SECONDS_WITHOUT_ANSWER
        )(url, temporary, None)
        wrong = "" if size is None else difference(Path(temporary), size, sha256)
        if wrong:
            raise DownloadFailed(f"it sent other content: {wrong}")
        # Temporary files are for their owner only; a data folder may be shared.
        os.chmod(temporary, 0o644)

    pooch.get_logger().setLevel("WARNING")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        known_hash = None if sha256 is None else f"sha256:{sha256}"
        pooch.retrieve(url, known_hash, target.name, target.parent, downloader=bring)
    except RequestException as error:
        raise _what_went_wrong(error) from None
    except OSError as error:
        # Pooch raises a PermissionError of its own, with a sentence and no error number.
        reason = os.strerror(error.errno or errno.EACCES)
        raise InputError(
            f"cannot write {target}: {reason}; set ZOO_DATA to a folder that can "
            f"be written to, or put the file from {url} there by hand"
        ) from None


def _what_went_wrong(error: Exception) -> DownloadFailed:
    """Says in plain words what an exception of `requests` means."""
    from requests import exceptions
    from urllib3.exceptions import ProtocolError

    if isinstance(error, exceptions.HTTPError):
        status = error.response.status_code
        answer = f"it answers {status} {error.response.reason}"
        return DownloadFailed(answer, may_pass=status == 429 or status >= 500)
    cut = isinstance(error, exceptions.ChunkedEncodingError | exceptions.ContentDecodingError)
    if cut or (error.args and isinstance(error.args[0], ProtocolError)):
        return DownloadFailed("the connection was cut before the end of the file", may_pass=True)
    if isinstance(error, exceptions.Timeout) or "timed out" in str(error).lower():
        return DownloadFailed(f"no answer within {SECONDS_WITHOUT_ANSWER} seconds")
    if isinstance(error, exceptions.ConnectionError):
        return DownloadFailed("it cannot be reached")
    return DownloadFailed(" ".join(str(error).split()))


class _Bar:
    """Pooch's interface of a progress bar, in front of a plain callback."""

    def __init__(self, progress: Progress, name: str, size: int | None):
        self._progress, self._name, self._size = progress, name, size
        self._done, self.total = 0, 0

    def update(self, num_bytes: int) -> None:
        # The header's total is of the bytes on the wire, which may be packed; `size` never is.
        total = self._size or self.total or None
        self._done += num_bytes
        if total is not None:
            self._done = min(self._done, total)
        self._progress(self._name, self._done, total)

    def reset(self) -> None:
        """Pooch starts the bar anew at the end, to fill it; a callback has no use for that."""

    def close(self) -> None:
        pass
