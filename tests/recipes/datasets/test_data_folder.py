"""The registry against the bytes: runs where `ZOO_DATA` names a folder that holds them."""

import dataclasses
import io
import os
import tarfile
from pathlib import Path

import pytest

from recipes import datasets
from recipes.datasets import registry
from recipes.datasets.dataset import ArchiveAt
from recipes.datasets.places import cache_path

FOLDER = os.environ.get("ZOO_DATA")

pytestmark = pytest.mark.skipif(
    not (FOLDER and Path(FOLDER).is_dir()), reason="ZOO_DATA names no folder with the datasets"
)


NAMES = [name for name in datasets.names() if name != "optical-digits"]  # in a package only


@pytest.fixture(params=NAMES)
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


@pytest.mark.slow
def test_the_recordings_come_out_of_one_archive(site, tmp_path, monkeypatch):
    recordings = datasets.get("free-spoken-digit-dataset")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.add(Path(FOLDER) / recordings.name / "recordings", "repository-0123/recordings")
    place = (ArchiveAt(site.put("archive.tar.gz", packed.getvalue())),)
    files = tuple(dataclasses.replace(file, places=place) for file in recordings.files)
    monkeypatch.setattr(registry._datasets, "_entries", {})
    datasets.register(dataclasses.replace(recordings, files=files))
    monkeypatch.setenv("ZOO_DATA", str(tmp_path))
    assert len(datasets.fetch(recordings.name)) == 3_000 and site.asked == ["/archive.tar.gz"]
    assert datasets.is_present(recordings.name)
