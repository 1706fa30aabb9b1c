"""Datasets that point at a server on this machine."""

import hashlib

import pytest

from recipes import datasets
from recipes.datasets import registry
from recipes.datasets.dataset import Address
from zoo.errors import InputError


@pytest.fixture
def data(tmp_path, monkeypatch):
    """An empty data folder."""
    folder = tmp_path / "data"
    monkeypatch.setenv("ZOO_DATA", str(folder))
    return folder


@pytest.fixture
def add(monkeypatch):
    """Adds a dataset to the registry for the length of one test."""
    monkeypatch.setattr(registry._datasets, "_entries", dict(registry._datasets._entries))

    def add(*files, name: str = "small"):
        about = dict(licence="none", may_ship_models=True, homepage="-", citation="-")
        return datasets.register(datasets.Dataset(name, "a test", files=files, **about))

    return add


def file_of(name: str, content: bytes, *places) -> datasets.File:
    """Makes the entry of a file with this content; a text among the places is an address."""
    places = tuple(Address(place) if isinstance(place, str) else place for place in places)
    return datasets.File(name, len(content), hashlib.sha256(content).hexdigest(), places)


@pytest.fixture(name="file_of")
def file_of_fixture():
    return file_of


@pytest.fixture
def write(tmp_path):
    """Writes a file, text as UTF-8, and returns its path."""

    def write(content: bytes | str, name: str = "file"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


@pytest.fixture
def told():
    """Reads a bad file; the one-line message must begin with the file and this text."""

    def told(read, path, message):
        with pytest.raises(InputError) as error:
            read(path)
        assert str(error.value).startswith(f"{path}{message}")
        assert "\n" not in str(error.value)

    return told
