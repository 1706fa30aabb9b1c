"""Saved models from elsewhere: brought, checked, unpacked out of sight, and kept in the cache."""

import contextlib
import errno
import hashlib
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from zoo.errors import InputError
from zoo.references import checksum, model_archive
from zoo.references.addresses import DownloadFailed, filesystem, scheme_of, telling_failures
from zoo.references.cache import cache_folder
from zoo.references.download import MOST_BYTES, Progress, download
from zoo.references.index import ADDRESS_VARIABLE, Entry, Index
from zoo.references.staging import staged, sync, sync_tree
from zoo.references.versions import list_versions, version_folders

FOLDER_VARIABLE = "ZOO_SAVED_MODELS"
_PREFIX = ".fetching-"
# Inside the folder of fetched models; no model has such a name.
_BY_ADDRESS = ".addresses"


def fetched_folder() -> Path:
    """Returns the folder of fetched models: $ZOO_SAVED_MODELS, or one in the user's cache."""
    given = os.environ.get(FOLDER_VARIABLE)
    return Path(given).expanduser() if given else cache_folder() / "saved_models"


def fetch(entry: Entry, index: Index, progress: Progress | None = None) -> Path:
    """Makes certain that a model of the index is in the folder of fetched models, and right.

    A copy that is there and right is left alone; a damaged one is replaced, with a warning.
    Several processes may do this at once: the first one that is ready puts its copy in place.

    Args:
        entry: The model's entry.
        index: The index that it is from.
        progress: Called with (name, bytes so far, bytes in all) while the archive arrives.

    Returns:
        The version folder.

    Raises:
        InputError: It cannot be fetched, or what was sent is not what the index says; the line
            names the address and what went wrong there. Nothing half-made stays.
    """
    present = fetched_folder() / entry.name / str(entry.version)
    if present.is_dir():
        wrong = difference(present, entry)
        if not wrong:
            return present
        warnings.warn(f"{present} is damaged ({wrong}); it is fetched again", stacklevel=2)
    address = index.address_of(entry)

    def fill(folder: Path) -> tuple[str, Path]:
        archive = folder / "archive"
        download(
            address,
            archive,
            entry.bytes,
            entry.sha256,
            progress,
            entry.name,
            setting=FOLDER_VARIABLE,
        )
        name, model = _unpacked(archive, folder, entry.name, entry.unpacked_bytes)
        if (name, list_versions(model)) != (entry.name, [entry.version]):
            raise DownloadFailed(f"it holds no version {entry.version} of {entry.name}")
        return name, model

    hint = (
        f"get the archive by other means and give its path in place of the name, or set "
        f"{ADDRESS_VARIABLE} to another address that holds it"
    )
    with _telling(f"saved model {entry.name!r}", address, hint):
        return _kept(fetched_folder(), fill, replace=present.is_dir())


def difference(version: Path, entry: Entry) -> str:
    """Says how a version folder differs from what the index says; "" where it does not.

    Only what `zoo saved pack` packs is looked at.
    """
    found = model_archive.content_hash(version.parent, int(version.name))
    if found == entry.unpacked_sha256:
        return ""
    return f"the content's sha256 is {found}, expected {entry.unpacked_sha256}"


def fetch_address(address: str, progress: Progress | None = None) -> Path:
    """Brings a saved model from an address and returns its version folder.

    Args:
        address: The address of an archive, or by hf, gs, s3 and the like of a folder. Behind
            "#sha256=" may stand the hash of the archive. What was fetched once is taken from the
            cache, until `remove` forgets it.
        progress: Called with (name, bytes so far, bytes in all) while the bytes arrive.

    Raises:
        InputError: Nothing is there, it is no saved model, or its package is not installed.
    """
    there, _, sha256 = address.partition("#sha256=")
    kept = _folder_of_address(address)
    if found := _newest(kept):
        return found
    whole = scheme_of(there) in ("http", "https") or model_archive.is_archive(there)

    def fill(folder: Path) -> tuple[str, Path]:
        if whole:
            archive, name = folder / "archive", model_archive.stem(there)
            download(there, archive, None, sha256 or None, progress, name, setting=FOLDER_VARIABLE)
            return _unpacked(archive, folder, name, MOST_BYTES)
        if sha256:
            raise DownloadFailed("#sha256= is of an archive, and this is none")
        target = folder / "unpacked"
        _copy_folder(there, target, progress)
        return model_archive.arrange(target, _name_in(there))

    hint = "expected the address of a saved model's archive" + ("" if whole else " or folder")
    with _telling("a saved model", there, hint):
        return _kept(kept, fill)


def open_archive(path: Path) -> Path:
    """Unpacks an archive on this machine into the cache and returns the version folder.

    An archive with the same content is unpacked once.

    Raises:
        InputError: It is no archive of a saved model.
    """
    kept = _folder_of_address(f"sha256:{checksum.digest(path)}")
    if found := _newest(kept):
        return found

    def fill(folder: Path) -> tuple[str, Path]:
        return _unpacked(path, folder, model_archive.stem(path.name), MOST_BYTES)

    with _telling("a saved model", str(path), "expected an archive of `zoo saved pack`"):
        return _kept(kept, fill)


def remove(reference: str) -> list[Path]:
    """Removes what was fetched under a name or from an address.

    Returns:
        The folders that were removed; none where nothing was there.
    """
    base = fetched_folder()
    gone = []
    for folder in (base / reference, _folder_of_address(reference)):
        if _newest(folder) and base in folder.parents:
            # Out of sight in one step; a process that has it open reads on.
            with staged(base, _PREFIX) as away:
                folder.rename(away / "removed")
            gone.append(folder)
    return gone


@contextlib.contextmanager
def _telling(what: str, address: str, hint: str) -> Iterator[None]:
    try:
        yield
    except DownloadFailed as failure:
        raise InputError(f"cannot get {what}: {address}: {failure}; {hint}") from None
    except OSError as error:
        raise InputError(
            f"cannot write to {fetched_folder()}: {error.strerror or error}; set "
            f"{FOLDER_VARIABLE} to a folder that can be written to"
        ) from None


def _folder_of_address(address: str) -> Path:
    digest = hashlib.sha256(address.encode()).hexdigest()[:16]
    return fetched_folder() / _BY_ADDRESS / f"at-{digest}"


def _newest(folder: Path) -> Path | None:
    """Returns the newest version in a model folder, or in the one model folder inside it."""
    inside = [folder, *(folder.iterdir() if folder.is_dir() else ())]
    found = [versions[max(versions)] for one in inside if (versions := version_folders(one))]
    return found[0] if found else None


def _name_in(address: str) -> str:
    """Returns the model's name in the address of its folder or of one of its versions."""
    parts = [part.partition("@")[0] for part in address.split("://")[1].split("/") if part]
    if len(parts) > 1 and parts[-1].isdecimal():
        parts.pop()
    return parts[-1]


def _unpacked(archive: Path, folder: Path, name: str, most: int) -> tuple[str, Path]:
    target = folder / "unpacked"
    target.mkdir()
    model_archive.unpack(archive, target, most)
    return model_archive.arrange(target, name)


def _copy_folder(address: str, target: Path, progress: Progress | None) -> None:
    """Copies a folder by fsspec: of its versions the newest, and what stands beside them."""
    files, root = filesystem(address)
    with telling_failures():
        found = files.find(root, detail=True)
    prefix = root.rstrip("/") + "/"
    sizes = {name: info.get("size") or 0 for name, info in found.items() if name.startswith(prefix)}
    tops = {name: name.removeprefix(prefix).partition("/")[0] for name in sizes}
    versions = sorted(int(top) for top in set(tops.values()) if top.isdecimal())
    left_out = {*map(str, versions[:-1]), "model.keras"}
    wanted = {
        name: size
        for name, size in sizes.items()
        if tops[name] not in left_out and not tops[name].startswith(".")
    }
    if not wanted:
        raise DownloadFailed("nothing is there")
    if len(wanted) > model_archive.MOST_FILES or sum(wanted.values()) > MOST_BYTES:
        raise DownloadFailed(
            f"it holds {len(wanted):,} files of {sum(wanted.values()):,} bytes; at most "
            f"{model_archive.MOST_FILES:,} and {MOST_BYTES:,} are taken"
        )
    for name, size in wanted.items():
        below = name.removeprefix(prefix)
        if ".." in PurePosixPath(below).parts:
            raise DownloadFailed(f"its file {below!r} would be written elsewhere")
        where = files.unstrip_protocol(name)
        download(where, target / below, size, None, progress, below, setting=FOLDER_VARIABLE)


def _kept(base: Path, fill: Callable[[Path], tuple[str, Path]], *, replace: bool = False) -> Path:
    """Fills a hidden folder and puts the model in it in place: `<base>/<name>/<version>`."""
    with staged(base, _PREFIX) as folder:
        name, model = fill(folder)
        versions = version_folders(model)
        sync_tree(model)
        target, version = base / name, base / name / versions[max(versions)].name
        if replace and version.is_dir():
            version.rename(folder / "damaged")
        try:
            os.rename(model, target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            _beside_others(model, target)
        sync(base)
        return version


def _beside_others(model: Path, target: Path) -> None:
    """Moves a model's versions and papers into a model folder that is there already."""
    newest = list_versions(model)[-1] >= max(list_versions(target), default=0)
    for path in model.iterdir():
        place = target / path.name
        with contextlib.suppress(FileExistsError):
            if path.is_file() and newest:
                os.replace(path, place)
            elif path.is_dir():
                if not path.name.isdecimal() and newest:
                    shutil.rmtree(place, ignore_errors=True)
                try:
                    os.rename(path, place)
                except OSError as error:
                    # Another process was quicker: its copy is as good.
                    if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                        raise
