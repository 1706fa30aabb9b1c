"""A version folder that appears whole or not at all."""

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from zoo.errors import InputError
from zoo.references.saved_models import list_versions, version_folders

# No version number starts so; TensorFlow Serving and list_versions pass it by.
_PREFIX = ".exporting-"


@contextlib.contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Gives a new folder beside the versions; it is gone afterwards unless it was published.

    What an exporter that was killed left behind is removed on the way: its lock is free.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
    path.chmod(0o755)
    lock = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield path
    finally:
        os.close(lock)
        shutil.rmtree(path, ignore_errors=True)


def _sweep(folder: Path) -> None:
    for left in folder.glob(f"{_PREFIX}*"):
        try:
            lock = os.open(left, os.O_RDONLY)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
        except OSError:
            pass  # its exporter is alive
        finally:
            os.close(lock)


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
    _sync_tree(path)
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
        _sync(folder)
        return target


def _sync_tree(path: Path) -> None:
    for root, _, files in os.walk(path, topdown=False):
        for name in files:
            _sync(Path(root) / name)
        _sync(Path(root))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
