"""A saved model as one archive: packed to the same bytes everywhere, unpacked with care."""

import dataclasses
import gzip
import hashlib
import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from zoo.errors import InputError
from zoo.references.addresses import DownloadFailed
from zoo.references.versions import list_versions, version_folders

ENDINGS = (".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tar.xz", ".zip")
MOST_FILES = 10_000
# What is made on the way, and the copy of the weights that training goes on from.
_LEFT_OUT = ("model.keras",)


@dataclasses.dataclass(frozen=True)
class Packed:
    """Sizes and hashes of a packed model; see `zoo.references.index.Entry`."""

    sha256: str
    bytes: int
    unpacked_sha256: str
    unpacked_bytes: int


class _Counting(io.RawIOBase):
    """A sink that hashes and counts what passes to the one behind it, if there is one."""

    def __init__(self, behind: BinaryIO | gzip.GzipFile | None = None):
        self.digest, self.size, self.behind = hashlib.sha256(), 0, behind

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.digest.update(data)
        self.size += len(data)
        if self.behind is not None:
            self.behind.write(data)
        return len(data)


def pack(folder: Path, version: int, target: BinaryIO) -> Packed:
    """Packs one version of a saved model, with what stands beside it, as a gzipped tar.

    Names are sorted, times and owners are left out: the same model gives the same bytes.

    Args:
        folder: The model folder, `<name>/`.
        version: The version to pack; others are left out.
        target: The file to write to.

    Returns:
        Sizes and hashes.
    """
    outer = _Counting(target)
    with gzip.GzipFile("", "wb", compresslevel=9, fileobj=outer, mtime=0) as packed:
        inner = _Counting(packed)
        _write_tar(folder, version, inner)
    return Packed(outer.digest.hexdigest(), outer.size, inner.digest.hexdigest(), inner.size)


def content_hash(folder: Path, version: int) -> str:
    """Returns the sha256 of the tar stream that `pack` would write, in hexadecimal."""
    sink = _Counting()
    _write_tar(folder, version, sink)
    return sink.digest.hexdigest()


def _write_tar(folder: Path, version: int, sink: _Counting) -> None:
    with tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for path in members(folder, version):
            info = tarfile.TarInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}")
            info.size, info.mode = path.stat().st_size, 0o644
            with open(path, "rb") as file:
                tar.addfile(info, file)


def members(folder: Path, version: int) -> list[Path]:
    """Returns the files of one version and of what stands beside it, in the order of their names.

    Other versions, hidden files and model.keras, a copy of the weights, are left out.
    """
    versions = {path.name for number, path in version_folders(folder).items() if number != version}
    found = []
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part.endswith(".partial") for part in parts)
        if path.is_file() and not hidden and parts[0] not in versions | set(_LEFT_OUT):
            found.append(path)
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def unpack(archive: Path, folder: Path, most: int) -> None:
    """Unpacks a tar or zip archive into an empty folder.

    Only plain files are written, only below the folder, and no more than `most` bytes.

    Raises:
        DownloadFailed: It is cut or damaged, is no archive, holds too much, or a member is a link
            or would be written elsewhere.
        OSError: The folder cannot be written to.
    """
    left, count = most, 0
    try:
        for name, file in _files(archive):
            count += 1
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or "\\" in name or not path.parts:
                raise DownloadFailed(f"its member {name!r} would be written elsewhere")
            if count > MOST_FILES:
                raise DownloadFailed(f"it holds more than {MOST_FILES:,} files")
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(target, "xb") as written:
                while piece := file.read(min(1 << 20, left + 1)):
                    left -= len(piece)
                    if left < 0:
                        raise DownloadFailed(f"it unpacks to more than {most:,} bytes")
                    written.write(piece)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DownloadFailed(f"it is no archive, or a cut or damaged one ({error})") from None
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise DownloadFailed("it holds a file twice") from None


def _files(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            for entry in zipped.infolist():
                if not entry.is_dir():
                    with zipped.open(entry) as file:
                        yield entry.filename, file
        return
    with tarfile.open(archive, "r|*") as members:
        for member in members:
            content = members.extractfile(member) if member.isfile() else None
            if content is not None:
                yield member.name, content
            elif not member.isdir():
                raise DownloadFailed(f"its member {member.name!r} is a link or a device")


def arrange(folder: Path, name: str) -> tuple[str, Path]:
    """Finds the saved model in an unpacked folder.

    Args:
        folder: A folder that holds a model folder, its versions, or the files of one version.
        name: The name of the model where the folder does not say it.

    Returns:
        The model's name, and the folder with its versions.

    Raises:
        DownloadFailed: There is none, or several.
    """
    if list_versions(folder):
        return name, folder
    if (folder / "saved_model.pb").is_file():
        whole = folder.with_name("one_version")
        whole.mkdir()
        folder.rename(whole / "1")
        return name, whole
    inside = [path for path in folder.iterdir() if path.is_dir()]
    if len(inside) == 1 and inside[0].name not in ("assets", "variables"):
        return arrange(inside[0], inside[0].name)
    raise DownloadFailed("there is no <name>/<version>/saved_model.pb in it")


def is_archive(text: str | Path) -> bool:
    """Says whether a name ends as that of an archive."""
    return str(text).lower().endswith(ENDINGS)


def stem(text: str) -> str:
    """Returns the name of an archive without its folder and ending.

    >>> stem("https://host/models/g2p.tar.gz")
    'g2p'
    """
    name = text.rstrip("/").rpartition("/")[2]
    ending = next((end for end in ENDINGS if name.lower().endswith(end)), "")
    return name[: len(name) - len(ending)] or "model"


def packed_file(folder: Path, version: int, target: Path) -> Packed:
    """Packs a version into a file, which appears in one step.

    Raises:
        InputError: The file cannot be written.
    """
    partial = target.with_name(f"{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(partial, "wb") as file:
            found = pack(folder, version, file)
        partial.replace(target)
        return found
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error
