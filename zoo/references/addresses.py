"""Reading an address on another machine, in pieces: by requests, or by a plug-in of fsspec."""

import contextlib
import importlib
import os
from collections.abc import Iterator
from urllib.parse import urlsplit

from zoo.errors import InputError

SECONDS_WITHOUT_ANSWER = 30
CHUNK_BYTES = 1 << 16
# The package that fsspec asks for, by scheme.
PLUG_INS = {
    "hf": "huggingface_hub",
    "s3": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "abfs": "adlfs",
    "az": "adlfs",
}


class DownloadFailed(Exception):
    """One address did not give the bytes; the message says what it did instead."""

    def __init__(self, message: str, *, may_pass: bool = False):
        super().__init__(message)
        self.may_pass = may_pass


def is_address(text: object) -> bool:
    """Says whether a text is an address, such as "https://host/file", and no path.

    >>> is_address("hf://owner/model"), is_address("saved_models/g2p")
    (True, False)
    """
    scheme, found, rest = str(text).partition("://")
    return bool(found and rest and scheme.isalnum())


def scheme_of(address: str) -> str:
    """Returns what stands before "://", in small letters."""
    return urlsplit(address).scheme.lower()


@contextlib.contextmanager
def opened(address: str) -> Iterator[tuple[Iterator[bytes], int | None]]:
    """Opens an address and gives its bytes in pieces, and their number where it is told.

    Args:
        address: An address of any scheme that `requests` or `fsspec` reads, or a path.

    Raises:
        DownloadFailed: The address gives nothing, or the connection is cut.
        InputError: The plug-in of the scheme is not installed; the line says what to install.
    """
    opener = _by_fsspec if is_address(address) else _from_disk
    if scheme_of(address) in ("http", "https"):
        opener = _over_http
    with opener(address) as found:
        yield found


@contextlib.contextmanager
def _from_disk(path: str) -> Iterator[tuple[Iterator[bytes], int | None]]:
    try:
        file = open(path, "rb")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise DownloadFailed(f"cannot be read: {error.strerror or error}") from None
    with file:
        yield _pieces(file), os.fstat(file.fileno()).st_size


@contextlib.contextmanager
def _over_http(address: str) -> Iterator[tuple[Iterator[bytes], int | None]]:
    import requests

    try:
        with requests.get(address, stream=True, timeout=SECONDS_WITHOUT_ANSWER) as response:
            response.raise_for_status()
            # What is packed on the way has another length than what is unpacked.
            packed = "Content-Encoding" in response.headers
            length = response.headers.get("Content-Length", "")
            total = int(length) if length.isdecimal() and not packed else None
            yield response.iter_content(CHUNK_BYTES), total
    except requests.exceptions.RequestException as error:
        raise _what_went_wrong(error) from None


@contextlib.contextmanager
def _by_fsspec(address: str) -> Iterator[tuple[Iterator[bytes], int | None]]:
    files, path = filesystem(address)
    with telling_failures():
        file = files.open(path, "rb")
    with file:
        yield _pieces(file), getattr(file, "size", None)


def _pieces(file) -> Iterator[bytes]:
    while True:
        with telling_failures():
            piece = file.read(CHUNK_BYTES)
        if not piece:
            return
        yield piece


def filesystem(address: str):
    """Returns the `fsspec` file system of an address, and the path on it.

    Raises:
        InputError: No file system has this scheme, or its package is not installed.
    """
    scheme = scheme_of(address)
    try:
        fsspec = importlib.import_module("fsspec")
    except ModuleNotFoundError:
        raise InputError(
            f"{address}: addresses of {scheme}:// need fsspec: pip install rnn-zoo[remote]"
        ) from None
    try:
        return fsspec.core.url_to_fs(address)
    except ImportError as error:
        package = PLUG_INS.get(scheme)
        what = f"pip install {package}" if package else " ".join(str(error).split())
        raise InputError(
            f"{address}: addresses of {scheme}:// need a package that is not installed: {what}"
        ) from None
    except ValueError:
        raise InputError(
            f"{address}: {scheme!r} is no scheme that is known; expected https, hf, gs, s3 or "
            f"another of fsspec"
        ) from None


@contextlib.contextmanager
def telling_failures() -> Iterator[None]:
    """Turns what a plug-in of fsspec raises into `DownloadFailed`.

    Plug-ins raise the exceptions of their own libraries: all are taken, and their first line shown.
    """
    try:
        yield
    except (DownloadFailed, InputError):
        raise
    except FileNotFoundError:
        raise DownloadFailed("nothing is there") from None
    except PermissionError as error:
        raise DownloadFailed(f"it may not be read: {_one_line(error)}") from None
    except Exception as error:
        raise DownloadFailed(f"{type(error).__name__}: {_one_line(error)}", may_pass=True) from None


def _one_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no reason is given"])[0][:300]


def _what_went_wrong(error: Exception) -> DownloadFailed:
    """Says in plain words what an exception of `requests` means."""
    from requests import exceptions
    from urllib3.exceptions import ProtocolError

    if isinstance(error, exceptions.HTTPError) and error.response is not None:
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
