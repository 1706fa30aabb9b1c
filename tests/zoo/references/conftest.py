"""A saved model that is only files, an index of it, and an empty folder for what is fetched."""

import dataclasses

import pytest

from zoo.references import index as indexes
from zoo.references import model_archive
from zoo.references.index import Entry, Index, write_index

FILES = {
    "README.md": b"# small",
    "metrics.json": b"{}",
    "assets/words.txt": b"a\nb\n",
    "3/saved_model.pb": b"graph" * 9_000,
    "3/variables/variables.index": b"index",
}


@pytest.fixture
def model(tmp_path):
    """A model folder `small` with version 3, beside things that no archive holds."""
    folder = tmp_path / "made" / "small"
    others = {"model.keras": b"w", ".exporting-x/saved_model.pb": b"", "2/saved_model.pb": b"old"}
    for name, content in {**FILES, **others}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.fixture
def fetched(tmp_path, monkeypatch):
    """The folder of fetched models, not there yet; no other model is found."""
    folder = tmp_path / "kept"
    monkeypatch.setenv("ZOO_SAVED_MODELS", str(folder))
    monkeypatch.delenv("ZOO_MODELS", raising=False)
    monkeypatch.setattr("zoo.references.saved_models.BESIDE_PACKAGE", folder)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def packed(model, tmp_path):
    """The archive of `model`, and its entry."""
    archive = tmp_path / "made" / "small-3.tar.gz"
    found = dataclasses.asdict(model_archive.packed_file(model, 3, archive))
    return archive, Entry("small", 3, licence="none", address=archive.name, **found)


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """Makes an index of these entries the zoo's own."""

    def listed(*entries, address=None):
        path = tmp_path / "index.json"
        write_index(Index(address, entries), path)
        monkeypatch.setattr(indexes, "own_index", lambda: path)
        return path

    return listed


def contents(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


@pytest.fixture(name="contents")
def contents_fixture():
    return contents


@pytest.fixture
def right():
    """What is to be found in the folder of the fetched model."""
    return dict(FILES)
