"""A saved model turned back into a run: the same weights, the same answers."""

import json
import shutil

import keras
import numpy as np
import pytest

import zoo
from recipes.workbench.exporting import export
from recipes.workbench.rebuilding import as_run, rebuild
from zoo.errors import InputError

WORDS = ["abx", "", "dcba", "zzz"]


@pytest.fixture(scope="module")
def version(g2p_run, tmp_path_factory):
    return export(g2p_run, tmp_path_factory.mktemp("models"))


def test_the_weights_are_those_that_were_trained(g2p_run, version, tmp_path):
    found = rebuild(version)
    trained = keras.models.load_model(g2p_run.folder.model, compile=False)
    for one, other in zip(found.model.weights, trained.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert found.missing == () and found.settings == g2p_run.settings
    found.assets.save(tmp_path)
    for path in g2p_run.folder.assets.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()
    assert not list(version.parent.glob("*.keras"))


def test_it_is_exported_anew_without_the_data(version, tmp_path, monkeypatch):
    run = as_run(version, tmp_path / "run")
    monkeypatch.setattr("recipes.workbench.exporting.card", lambda *_: "# card")
    again = export(run, tmp_path / "again")
    first, second = zoo.load(version)(WORDS), zoo.load(again)(WORDS)
    for name in first:
        if first[name].dtype == object:
            assert first[name].tolist() == second[name].tolist()
        else:
            np.testing.assert_allclose(first[name], second[name], atol=1e-6)
    facts = [json.loads((v.parent / "metrics.json").read_text()) for v in (version, again)]
    assert facts[0] == facts[1] and facts[0]["assets"]


def test_what_is_missing_is_told(version, tmp_path):
    model = tmp_path / "g2p"
    shutil.copytree(version.parent, model)
    lost = model / "assets" / json.loads((model / "metrics.json").read_text())["assets"][0]
    lost.unlink()
    with pytest.raises(InputError, match=f"{lost}: is missing"):
        rebuild(model / "1")
    (model / "metrics.json").unlink()
    with pytest.raises(InputError, match=r"metrics\.json does not name a recipe"):
        rebuild(model / "1")


def test_weights_of_another_size_are_told(version, tmp_path):
    model = tmp_path / "g2p"
    shutil.copytree(version.parent, model)
    facts = json.loads((model / "metrics.json").read_text())
    facts["settings"]["units"] += 1
    (model / "metrics.json").write_text(json.dumps(facts))
    with pytest.raises(InputError, match="its weights do not fit the model that its recipe builds"):
        rebuild(model / "1")


def test_weights_that_the_version_lacks_are_named_and_drawn(version, monkeypatch):
    from recipes.catalog import REGISTRY

    recipe = REGISTRY.get("g2p")
    build = type(recipe).build

    def wider(self, settings, assets):
        model = build(self, settings, assets)
        extra = keras.layers.Dense(2, name="extra")(model.output["logits"])
        return keras.Model(model.input, {**model.output, "extra": extra}, name=model.name)

    monkeypatch.setattr(type(recipe), "build", wider)
    found = rebuild(version)
    assert set(found.missing) == {"extra/kernel", "extra/bias"}
    kernel = next(w for w in found.model.weights if w.path == "extra/kernel")
    assert np.isfinite(kernel.numpy()).all() and kernel.numpy().any()
