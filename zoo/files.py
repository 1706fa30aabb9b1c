"""Writing a file whole or not at all, and JSON files."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zoo.errors import InputError

_PARTIAL = ".partial"


def write_atomically(path: Path, text: str) -> None:
    """Writes a text file beside its name, forces it to disk and renames it.

    Raises:
        InputError: it cannot be written; what was there is still there.
    """
    with (
        written_whole(path) as partial,
        open(partial, "w", encoding="utf-8", newline="\n") as file,
    ):
        file.write(text)


def read_json(path: Path) -> Any:
    """Reads a JSON file; raises `InputError` where it is not there or is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable as JSON: {error}") from error


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file as `write_atomically` does."""
    write_atomically(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Gives a name to write a file under; at the end the file is forced to disk and renamed.

    Args:
        path: the final name. The other one stands beside it and has the same ending, by which some
            programs choose the format.

    Raises:
        InputError: it cannot be written; what was there is still there, and nothing else stays.
    """
    # Two processes may write the same file, each its own part.
    partial = path.with_name(f"{path.stem}.{os.getpid()}{_PARTIAL}{path.suffix}")
    try:
        yield partial
        descriptor = os.open(partial, os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(partial, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error
        raise


def check_new_folder(path: Path, marker: str, what: str) -> None:
    """Raises `InputError` unless a folder is not there yet, or is empty.

    Args:
        path: the folder.
        marker: the file that says that what is made there is there already.
        what: its name in the message, such as "run".
    """
    if path.exists() and not path.is_dir():
        raise InputError(f"{path}: is a file; --run-dir expects a folder")
    if (path / marker).is_file():
        raise InputError(
            f"{path}: holds a {what} already; go on with it by --resume, or give another --run-dir"
        )
    if path.exists() and any(path.iterdir()):
        raise InputError(f"{path}: is not empty and holds no {what}; give another --run-dir")


def remove_partial_files(folder: Path) -> None:
    """Removes what a killed process was writing by `written_whole` in a folder."""
    for path in folder.glob(f"*{_PARTIAL}*"):
        with contextlib.suppress(OSError):
            path.unlink()
