"""The saved models that can be had: what `zoo saved pack` made of them, and where it is."""

import dataclasses
import fnmatch
import json
import os
from pathlib import Path
from typing import get_type_hints

from zoo.errors import InputError
from zoo.files import write_atomically
from zoo.references.addresses import is_address

ADDRESS_VARIABLE = "ZOO_MODELS"
FILE = "index.json"


@dataclasses.dataclass(frozen=True)
class Entry:
    """One saved model that can be fetched.

    Attributes:
        name: The model's name.
        version: Its version.
        sha256: The hash of the archive, in hexadecimal.
        bytes: The size of the archive.
        unpacked_sha256: The hash of the tar stream inside; a folder on a disk is checked by it.
        unpacked_bytes: The size of that stream, the most that unpacking writes.
        licence: What the model may be used for.
        address: An address, or a file name below the base address.
    """

    name: str
    version: int
    sha256: str
    bytes: int
    unpacked_sha256: str
    unpacked_bytes: int
    licence: str
    address: str


@dataclasses.dataclass(frozen=True)
class Index:
    """The list of saved models, by name.

    Attributes:
        address: The base of the entries' addresses; None: `ZOO_MODELS` must say it.
        models: The entries, a name once.
    """

    address: str | None
    models: tuple[Entry, ...]

    def get(self, name: str) -> Entry | None:
        """Returns the entry of a model's name; None where there is none."""
        return next((entry for entry in self.models if entry.name == name), None)

    def names(self, pattern: str = "*") -> list[str]:
        """Returns the sorted names that fit a pattern."""
        return sorted(fnmatch.filter((entry.name for entry in self.models), pattern))

    def address_of(self, entry: Entry) -> str:
        """Returns where an archive is: below $ZOO_MODELS, else below the index's own address.

        Raises:
            InputError: Neither is set.
        """
        base = os.environ.get(ADDRESS_VARIABLE)
        if is_address(entry.address) and not base:
            return entry.address
        base = base or self.address
        if not base:
            raise InputError(
                f"saved model {entry.name!r} is not on this machine, and no address to fetch it "
                f"from is set; set {ADDRESS_VARIABLE} to the address or folder that holds "
                f"{entry.address}"
            )
        return f"{base.rstrip('/')}/{entry.address.rpartition('/')[2]}"


def read_index(path: Path | None = None) -> Index:
    """Reads an index; without a path the one that belongs to this zoo.

    Raises:
        InputError: It cannot be read, or a field is missing or of another kind.
    """
    path = path or own_index()
    if path is None:
        return Index(None, ())
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        models = tuple(Entry(**entry) for entry in found["models"])
        for entry in models:
            _check(entry)
        return Index(found["address"], models)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"{path}: is no index of saved models: {' '.join(str(error).split())}; "
            f"`zoo saved pack` writes one"
        ) from None


def write_index(index: Index, path: Path) -> None:
    """Writes an index, whole or not at all, the models in the order of their names."""
    models = sorted(index.models, key=lambda entry: entry.name)
    content = {"address": index.address, "models": [dataclasses.asdict(one) for one in models]}
    write_atomically(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def own_index() -> Path | None:
    """Returns the index of this zoo: the package's own, or the checkout's; None: there is none."""
    packaged = Path(__file__).with_name(FILE)
    checkout = Path(__file__).parents[2] / "saved_models" / FILE
    return next((path for path in (packaged, checkout) if path.is_file()), None)


def _check(entry: Entry) -> None:
    for name, kind in get_type_hints(Entry).items():
        value = getattr(entry, name)
        if type(value) is not kind:
            raise ValueError(f"{name} is {value!r}; expected {kind.__name__}")
    plain = entry.name.replace("-", "").replace("_", "").replace(".", "")
    if not plain.isalnum() or entry.name.startswith("."):
        raise ValueError(f"name is {entry.name!r}; expected letters, digits, '_', '-' and '.'")
