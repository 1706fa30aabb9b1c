"""A version folder that appears whole or not at all."""

import contextlib
import errno
import os
from pathlib import Path

from zoo.errors import InputError
from zoo.references import staging
from zoo.references.versions import list_versions, version_folders

# No version number starts so; TensorFlow Serving and list_versions pass it by.
_PREFIX = ".exporting-"


def staged(folder: Path) -> contextlib.AbstractContextManager[Path]:
    """Gives a new folder beside the versions; it is gone afterwards unless it was published."""
    return staging.staged(folder, _PREFIX)


def check_free(folder: Path, version: int | None) -> None:
    """Raises `InputError` where `version` cannot be a new version under `folder`."""
    if version is None:
        return
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version < 2**63:
        raise InputError(f"a version is a whole number from 1 to 2**63 - 1, not {version!r}")
    taken = version_folders(folder).get(version, folder / str(version))
    if taken.exists():
        raise InputError(
            f"{taken} exists; a published version is never written again "
            f"(the next free number is {next_version(folder)})"
        )


def next_version(folder: Path) -> int:
    """Returns the number after the greatest version under `folder`; 1 where there is none."""
    return max(list_versions(folder), default=0) + 1


def publish(path: Path, folder: Path, version: int | None) -> Path:
    """Puts a finished folder in place in one step, after every byte has reached the disk.

    Args:
        path: What `staged` gave, filled.
        folder: The model folder.
        version: The number; None takes the next free one, also against other exporters.

    Returns:
        The version folder.

    Raises:
        InputError: Somebody else has published that version meanwhile.
    """
    staging.sync_tree(path)
    while True:
        check_free(folder, version)
        target = folder / str(next_version(folder) if version is None else version)
        try:
            # Onto an existing folder with content, rename fails: nothing is ever replaced.
            os.rename(path, target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            continue
        staging.sync(folder)
        return target
