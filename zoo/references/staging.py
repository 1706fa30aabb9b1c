"""A folder that is filled out of sight and appears in one step."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def staged(folder: Path, prefix: str) -> Iterator[Path]:
    """Gives a new hidden folder inside another; afterwards it is gone, unless it was renamed.

    What a process that was killed left behind is removed on the way: its lock is free.

    Args:
        folder: The folder to make it in; it is made where it is missing.
        prefix: What its name begins with.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder, prefix)
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
    path.chmod(0o755)
    lock = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield path
    finally:
        os.close(lock)
        shutil.rmtree(path, ignore_errors=True)


def _sweep(folder: Path, prefix: str) -> None:
    for left in folder.glob(f"{prefix}*"):
        try:
            lock = os.open(left, os.O_RDONLY)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
        except OSError:
            pass  # its process is alive
        finally:
            os.close(lock)


def sync_tree(path: Path) -> None:
    """Forces every file and folder under a path to the disk."""
    for root, _, files in os.walk(path, topdown=False):
        for name in files:
            sync(Path(root) / name)
        sync(Path(root))


def sync(path: Path) -> None:
    """Forces one file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
