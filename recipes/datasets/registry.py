"""The names of the datasets."""

from recipes.datasets.catalogue import load
from recipes.datasets.dataset import Dataset
from zoo.registry import Registry

_datasets: Registry[Dataset] = Registry("dataset")


def names(pattern: str = "*") -> list[str]:
    """Returns the sorted names of the datasets that match a shell pattern.

    Example:

    >>> names("tatoeba-*")
    ['tatoeba-cmn-eng', 'tatoeba-fra-eng']
    """
    return _datasets.names(pattern)


def get(name: str) -> Dataset:
    """Returns a dataset's licence, citation and files; `InputError` where there is none."""
    return _datasets.get(name)


def register(dataset: Dataset) -> Dataset:
    """Adds a dataset under its name, which must be free."""
    return _datasets.register(dataset.name)(dataset)


for _dataset in load():
    register(_dataset)
