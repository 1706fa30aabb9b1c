"""`zoo saved`: fetch, verify and remove, with a folder of this machine as the mirror."""

import dataclasses
import json

import pytest

from recipes.commands.main import main
from zoo.references import model_archive
from zoo.references.index import Entry, Index, write_index


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """An index of the model `small`, its archive in a mirror, and no model on the machine."""
    model, mirror, kept = (tmp_path / name for name in ("made/small", "mirror", "kept"))
    (model / "2").mkdir(parents=True)
    (model / "2" / "saved_model.pb").write_bytes(b"graph")
    archive = mirror / "small-2.tar.gz"
    packed = dataclasses.asdict(model_archive.packed_file(model, 2, archive))
    entry = Entry("small", 2, licence="none", address=archive.name, **packed)
    write_index(Index(None, (entry,)), tmp_path / "index.json")
    monkeypatch.setattr("zoo.references.index.own_index", lambda: tmp_path / "index.json")
    monkeypatch.setattr("zoo.references.saved_models.BESIDE_PACKAGE", kept)
    monkeypatch.setenv("ZOO_MODELS", str(mirror))
    monkeypatch.setenv("ZOO_SAVED_MODELS", str(kept))
    monkeypatch.chdir(tmp_path)
    return kept


def test_fetch_verify_remove(kept, capsys):
    assert main(["saved", "verify", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["status"] == "missing"
    assert main(["saved", "verify", "small"]) == 2
    assert "1 missing: run zoo saved fetch small" in capsys.readouterr().err
    assert main(["saved", "fetch", "small", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"small": str(kept / "small" / "2")}
    assert main(["saved", "verify", "small"]) == 0
    assert "\tok\t" in capsys.readouterr().out
    assert main(["saved", "remove", "small"]) == 0
    assert not (kept / "small").exists()
    assert main(["saved", "remove", "small"]) == 2
    assert "small: was not fetched" in capsys.readouterr().err


def test_a_damaged_model_is_named_and_fetched_anew(kept, capsys):
    assert main(["saved", "fetch", "small"]) == 0
    file = kept / "small" / "2" / "saved_model.pb"
    file.write_bytes(b"grapH")
    assert main(["saved", "verify"]) == 2
    assert f"1 not as in the index: {file.parent}" in capsys.readouterr().err
    with pytest.warns(UserWarning, match="it is fetched again"):
        assert main(["saved", "fetch", "small"]) == 0
    assert file.read_bytes() == b"graph"


def test_a_model_in_a_folder_of_ones_own_is_not_fetched_or_removed(kept, tmp_path, capsys):
    own = tmp_path / "saved_models" / "small" / "1"
    own.mkdir(parents=True)
    (own / "saved_model.pb").write_bytes(b"own")
    assert main(["saved", "fetch", "small"]) == 0
    assert capsys.readouterr().out == f"small\t{own}\n"
    assert main(["saved", "remove", "small"]) == 2 and own.exists()


def test_unknown_names(kept, capsys):
    assert main(["saved", "verify", "smal"]) == 2
    assert "did you mean 'small'?" in capsys.readouterr().err
    assert main(["saved", "fetch", "smal"]) == 2
    assert "unknown saved model 'smal'; did you mean 'small'?" in capsys.readouterr().err
