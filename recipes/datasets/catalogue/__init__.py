"""The datasets that come with the zoo: descriptions in Python, files in tab-separated text.

`files.tsv` has one row a file: its size and sha256, the GitHub repository, commit and path that
hold it, and the package that holds it, as REQUIREMENT:PACKAGE/PATH; one of the two may be empty.
The 3,000 recordings of spoken digits have a packed list of their own: they come in one archive.
"""

import csv
import gzip
import io
from dataclasses import replace
from importlib.resources import files as resources

from recipes.datasets.catalogue.descriptions import DESCRIPTIONS
from recipes.datasets.dataset import Dataset, File, InPackage, github_archive, github_file

SPOKEN_DIGITS = github_archive(
    "Jakobovski/free-spoken-digit-dataset", "26eb9aaf76e81b692f806f9140c2d2777410d7a1"
)


def load() -> list[Dataset]:
    """Returns every dataset with its files."""
    folder = resources(__name__)
    listed: dict[str, list[File]] = {description.name: [] for description in DESCRIPTIONS}
    for row in _rows(folder.joinpath("files.tsv").read_bytes()):
        listed[row["dataset"]].append(_file(row))
    packed = folder.joinpath("free-spoken-digit-dataset.tsv.gz").read_bytes()
    for row in _rows(gzip.decompress(packed)):
        file = File(row["file"], int(row["bytes"]), row["sha256"], (SPOKEN_DIGITS,))
        listed["free-spoken-digit-dataset"].append(file)
    return [replace(about, files=tuple(listed[about.name])) for about in DESCRIPTIONS]


def _rows(content: bytes):
    return csv.DictReader(
        io.StringIO(content.decode("utf-8")), delimiter="\t", quoting=csv.QUOTE_NONE
    )


def _file(row: dict[str, str]) -> File:
    places = []
    if row["package"]:
        requirement, _, inside = row["package"].partition(":")
        package, _, path = inside.partition("/")
        places.append(InPackage(requirement, package, path))
    if row["repository"]:
        places.append(github_file(row["repository"], row["commit"], row["path"]))
    return File(row["file"], int(row["bytes"]), row["sha256"], tuple(places))
