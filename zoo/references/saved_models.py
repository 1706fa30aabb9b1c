"""From a reference to a saved model to its files on this machine."""

import os
from pathlib import Path

from zoo.errors import InputError, unknown_name
from zoo.references import fetched, model_archive
from zoo.references.addresses import is_address
from zoo.references.download import Progress
from zoo.references.fetched import FOLDER_VARIABLE, fetched_folder
from zoo.references.index import read_index
from zoo.references.versions import list_versions, version_folders

# In a checkout; there is none beside an installed package.
BESIDE_PACKAGE = Path(__file__).parents[2] / "saved_models"


def folders() -> list[Path]:
    """Returns where saved models are looked for, in this order.

    $ZOO_SAVED_MODELS, saved_models/ here, saved_models/ beside the package (a checkout), and the
    folder of fetched models.
    """
    given = os.environ.get(FOLDER_VARIABLE)
    places = [Path(given).expanduser()] if given else []
    places += [Path("saved_models"), BESIDE_PACKAGE, fetched_folder()]
    return [place for place in dict.fromkeys(p.resolve() for p in places) if place.is_dir()]


def names() -> list[str]:
    """Returns the sorted names of the saved models that are on this machine."""
    found = {f.name for folder in folders() for f in folder.iterdir() if list_versions(f)}
    return sorted(found)


def find(reference: str | Path, progress: Progress | None = None) -> Path:
    """Returns the version folder of a saved model, after fetching it where it is not here.

    Args:
        reference: A name ("g2p"), a model folder, a version folder, an archive, or an address of
            one ("https://host/g2p-1.tar.gz", "hf://owner/g2p", "s3://bucket/g2p"). Of a name or a
            model folder the newest version is taken.
        progress: Called with (name, bytes so far, bytes in all) while something is fetched.

    Returns:
        `<name>/<version>`, a folder with saved_model.pb.

    Raises:
        InputError: There is no such model, or it cannot be fetched.
    """
    if is_address(reference):
        return fetched.fetch_address(str(reference), progress)
    if found := on_this_machine(reference):
        return found
    path = Path(reference)
    if path.is_file():
        if model_archive.is_archive(path.name):
            return fetched.open_archive(path)
        raise InputError(
            f"{path}: is a file; expected a saved model: a name, a folder with "
            f"<version>/saved_model.pb, an archive ({', '.join(model_archive.ENDINGS)}), or an "
            f"address"
        )
    if path.exists():
        raise InputError(f"{path}: is no saved model: there is no <version>/saved_model.pb in it")
    index = read_index()
    if entry := index.get(str(reference)):
        return fetched.fetch(entry, index, progress)
    raise _unknown(str(reference), index.names())


def on_this_machine(reference: str | Path) -> Path | None:
    """Returns the version folder of a name or a folder; None where nothing is to be had here."""
    path = Path(reference)
    candidates = [path, *(folder / path for folder in folders() if not path.is_absolute())]
    for candidate in candidates:
        if (candidate / "saved_model.pb").is_file():
            return candidate
        if versions := version_folders(candidate):
            return versions[max(versions)]
    return None


def _unknown(name: str, known: list[str]) -> InputError:
    places = ", ".join(map(str, folders())) or "no folder (none of them exists)"
    error = unknown_name("saved model", name, {*names(), *known})
    return InputError(
        f"{error}. Looked in {places}, and in the index of models that can be fetched. "
        f"`zoo list saved` shows them all, `zoo fit` makes one of your own data; a folder, an "
        f"archive or an address will do in place of a name"
    )
