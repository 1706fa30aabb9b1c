"""Taking named files out of a downloaded archive, each checked by itself."""

import gzip
import hashlib
import os
import tarfile
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from zoo.references.addresses import DownloadFailed


def unpack_files(archive: Path, files: Mapping[str, tuple[int, str]], folder: Path) -> None:
    """Unpacks the named members of a tar archive into a folder.

    A member is looked up by its path below the archive's one top folder; every other member is
    passed over, so nothing is ever written under a name that the archive chose. Right members
    are kept even when another one is wrong.

    Args:
        archive: A tar file, packed or not.
        files: (bytes, sha256) of each file to take out, by name.
        folder: Where they go; each is put in place in one step.

    Raises:
        DownloadFailed: The archive is cut or damaged, or a member is missing or has other
            content; the first such member is named.
        OSError: The folder cannot be written to.
    """
    left, wrong = dict(files), []
    try:
        with tarfile.open(archive, "r|*") as members:
            for member in members:
                name = member.name.partition("/")[2]
                file = members.extractfile(member) if name in left and member.isfile() else None
                if file is None:
                    continue
                size, sha256 = left.pop(name)
                content = file.read(size + 1)
                found = hashlib.sha256(content).hexdigest()
                if found == sha256:
                    _put(folder / name, content)
                else:
                    wrong.append(f"{name} has sha256 {found}, expected {sha256}")
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DownloadFailed(f"it sent a cut or damaged archive ({error})") from None
    wrong += [f"{name} is not in it" for name in left]
    if wrong:
        others = f" (and {len(wrong) - 1:,} more like it)" if len(wrong) > 1 else ""
        raise DownloadFailed(f"in the archive, {wrong[0]}{others}")


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with open(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
