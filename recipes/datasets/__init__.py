"""Public datasets: a registry of pinned files, and one reader for each format.

>>> from recipes import datasets
>>> datasets.get("cmudict").licence
'BSD 2-clause style (Carnegie Mellon University)'
"""

from recipes.datasets.dataset import Dataset, File, FileStatus
from recipes.datasets.fetching import fetch, is_present, verify
from recipes.datasets.places import data_folder
from recipes.datasets.reading import open_bytes, open_text
from recipes.datasets.registry import get, names, register

__all__ = [
    "Dataset",
    "File",
    "FileStatus",
    "data_folder",
    "fetch",
    "get",
    "is_present",
    "names",
    "open_bytes",
    "open_text",
    "register",
    "verify",
]
