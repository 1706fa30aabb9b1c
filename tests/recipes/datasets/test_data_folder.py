"""The registry against the bytes: runs where `ZOO_DATA` names a folder that holds them."""

import os
from pathlib import Path

import pytest

from recipes import datasets
from recipes.datasets.places import cache_path

FOLDER = os.environ.get("ZOO_DATA")

pytestmark = pytest.mark.skipif(
    not (FOLDER and Path(FOLDER).is_dir()), reason="ZOO_DATA names no folder with the datasets"
)


@pytest.fixture(params=datasets.names())
def dataset(request):
    if not (Path(FOLDER) / request.param).is_dir():
        pytest.skip(f"ZOO_DATA has no folder {request.param}")
    return datasets.get(request.param)


def test_every_file_is_there_with_its_size(dataset):
    for file in dataset.files:
        path = cache_path(dataset.name, file)
        if path.is_file():
            assert path.stat().st_size == file.bytes, file.name
        else:
            assert path.with_name(path.name + ".gz").is_file(), f"{file.name} is missing"


def test_the_smallest_files_have_their_hashes(dataset):
    smallest = sorted(dataset.files, key=lambda file: file.bytes)[:3]
    names = [file.name for file in smallest if file.bytes < 1_000_000]
    assert list(datasets.fetch(dataset.name, names)) == names


@pytest.mark.slow
def test_every_file_has_its_hash(dataset):
    wrong = [status for status in datasets.verify(dataset.name) if status.status != "ok"]
    assert not wrong
