"""Writing a file whole or not at all."""

import os
from pathlib import Path

from zoo.errors import InputError


def write_atomically(path: Path, text: str) -> None:
    """Writes a text file beside its name, forces it to disk and renames it.

    Raises:
        InputError: it cannot be written; what was there is still there.
    """
    # Two processes may write the same file, each its own part.
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with open(partial, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error
