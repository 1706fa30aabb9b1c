"""The versions of a saved model: the folders whose names are numbers."""

import re
from pathlib import Path

_VERSION = re.compile(r"0*[0-9]{1,19}")


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
