"""Where a saved model is on this machine, by its name or its path."""

import os
import re
from pathlib import Path

from zoo.errors import InputError, unknown_name

FOLDER_VARIABLE = "ZOO_SAVED_MODELS"
_VERSION = re.compile(r"0*[0-9]{1,19}")


def folders() -> list[Path]:
    """Returns where saved models are looked for: $ZOO_SAVED_MODELS, here, beside the package."""
    given = os.environ.get(FOLDER_VARIABLE)
    places = [Path(given)] if given else []
    places += [Path("saved_models"), Path(__file__).parents[2] / "saved_models"]
    return [place for place in dict.fromkeys(p.resolve() for p in places) if place.is_dir()]


def names() -> list[str]:
    """Returns the sorted names of the saved models that can be found."""
    found = {f.name for folder in folders() for f in folder.iterdir() if list_versions(f)}
    return sorted(found)


def find(name_or_path: str | Path) -> Path:
    """Returns the newest version folder of a saved model.

    Args:
        name_or_path: A name ("g2p"), a model folder or a version folder.

    Raises:
        InputError: There is none; the names that there are stand in the message.
    """
    path = Path(name_or_path)
    candidates = [path, *(folder / path for folder in folders() if not path.is_absolute())]
    for candidate in candidates:
        if (candidate / "saved_model.pb").is_file():
            return candidate
        if versions := version_folders(candidate):
            return versions[max(versions)]
    if path.exists():
        raise InputError(f"{path}: is no saved model: there is no <version>/saved_model.pb in it")
    raise unknown_name("saved model", str(name_or_path), names())


def version_folders(folder: Path) -> dict[int, Path]:
    """Finds the versions under a model folder, as TensorFlow Serving does.

    A version is a folder whose name is a decimal number of int64, with or without leading zeros.
    Other entries are ignored. Where two names are one number, the one without zeros counts.

    Args:
        folder: A model folder.

    Returns:
        {number: folder}, ascending.

    Example:

        version_folders(Path("saved_models/g2p"))[1]        # saved_models/g2p/00000001, say
    """
    folder = Path(folder)
    if not folder.is_dir():
        return {}
    found: dict[int, Path] = {}
    for entry in sorted(folder.iterdir()):
        if _VERSION.fullmatch(entry.name) and entry.is_dir():
            number = int(entry.name.lstrip("0") or "0")
            if number < 2**63:
                found[number] = entry
    return dict(sorted(found.items()))


def list_versions(folder: Path) -> list[int]:
    """Lists the version numbers under a model folder, ascending."""
    return list(version_folders(folder))
