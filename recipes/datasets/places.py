"""Where a dataset's files are on this machine."""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

from recipes.datasets.dataset import File, FileStatus, InPackage
from zoo.references.cache import cache_folder
from zoo.references.checksum import difference


def data_folder() -> Path:
    """Returns the folder that holds one folder a dataset: `ZOO_DATA`, or the user's cache."""
    named = os.environ.get("ZOO_DATA")
    return Path(named).expanduser() if named else cache_folder()


def cache_path(dataset: str, file: File) -> Path:
    """Returns where the data folder holds a file, or would hold it."""
    return data_folder() / dataset / file.name


def find(dataset: str, file: File) -> FileStatus:
    """Looks for a right copy of a file: in the data folder, gzipped there, then in packages."""
    plain = cache_path(dataset, file)
    packed = plain.with_name(plain.name + ".gz")
    damaged = None
    for path, gzipped in ((plain, False), (packed, True)):
        # Unlike Path.is_file, this takes a folder that may not be entered for one without it.
        if os.path.isfile(path):
            wrong = difference(path, file.bytes, file.sha256, gzipped=gzipped)
            if not wrong:
                return FileStatus(file.name, "ok", path)
            damaged = damaged or FileStatus(file.name, "damaged", path, wrong)
    # A package of another version may hold another edition of the file: no fault of this machine.
    for path in _package_copies(file):
        if not difference(path, file.bytes, file.sha256):
            return FileStatus(file.name, "ok", path)
    return damaged or FileStatus(file.name, "missing")


def _package_copies(file: File) -> Iterator[Path]:
    for place in file.places:
        if isinstance(place, InPackage):
            spec = importlib.util.find_spec(place.package)
            for folder in (spec and spec.submodule_search_locations) or ():
                path = Path(folder) / place.path
                if path.is_file():
                    yield path
