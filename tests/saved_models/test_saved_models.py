"""Every model in saved_models/: it loads bare, answers as Keras does, carries its papers."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import zoo
from recipes import datasets
from recipes.catalog import REGISTRY
from recipes.settings import replace
from zoo.errors import InputError
from zoo.references.versions import list_versions
from zoo.serving import check_saved_model
from zoo.serving.saved_model_files import public_signatures, read_meta_graph
from zoo.serving.warmup import read_warmup

ROOT = Path(__file__).parents[2] / "saved_models"
VERSIONS = [
    folder / str(version)
    for folder in sorted(ROOT.iterdir() if ROOT.is_dir() else [])
    for version in list_versions(folder)
]
TEXT_TO_TEXT = [path for path in VERSIONS if path.parent.name == "g2p"]
WORDS = ["photograph", "", "zoology", "naïve", "x" * 60, "Łódź", "recurrent", "tensorflow"]

# Only TensorFlow is imported: no Keras layer of the zoo, no zoo.
BARE = """
import sys
import tensorflow as tf
path, = sys.argv[1:]
words = tf.constant(["photograph", "zoology"])
given = {"length_penalty": tf.constant([1.0]), "max_length": tf.constant([40])}
loaded = tf.saved_model.load(path)
new = loaded.signatures["serving_default"](text=words, **given)["text"].numpy()
with tf.compat.v1.Session(graph=tf.Graph()) as session:
    meta = tf.compat.v1.saved_model.load(session, ["serve"], path)
    signature = meta.signature_def["serving_default"]
    feed = {
        signature.inputs["text"].name: [b"photograph", b"zoology"],
        signature.inputs["length_penalty"].name: [1.0],
        signature.inputs["max_length"].name: [40],
    }
    old = session.run(signature.outputs["text"].name, feed)
assert new.tolist() == old.tolist()
assert not [name for name in sys.modules if name.split(".")[0] in ("zoo", "recipes")]
print(b"|".join(new.tolist()).decode())
"""

pytestmark = pytest.mark.skipif(not VERSIONS, reason="saved_models/ holds no model")


@pytest.fixture(scope="module", params=TEXT_TO_TEXT, ids=lambda p: f"{p.parent.name}-{p.name}")
def path(request):
    return request.param


@pytest.fixture(scope="module")
def model(path):
    return zoo.load(path)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_tensorflow_serving_could_load_it(version):
    assert check_saved_model(version) == []


@pytest.mark.parametrize("version", VERSIONS, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_what_stands_beside_it(version):
    folder = version.parent
    facts = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    card = (folder / "README.md").read_text(encoding="utf-8")
    recipe = REGISTRY.get(facts["recipe"])
    # Data that the recipe makes has no licence but the code's; the card says how it is made.
    used = recipe.used_datasets(replace(recipe.settings, facts["settings"]))
    rights = "Licence:" if used else "by the recipe"
    for value in (facts["environment"]["device"], f"seed {facts['seed']}", rights):
        assert value and str(value) in card
    measured = facts["metrics"]["test"][recipe.metric]
    assert f"{measured:.4f}" in card


def test_no_model_is_kept_of_data_that_forbids_it():
    for path in ROOT.glob("*/metrics.json"):
        facts = json.loads(path.read_text(encoding="utf-8"))
        recipe = REGISTRY.get(facts["recipe"])
        used = recipe.used_datasets(replace(recipe.settings, facts["settings"]))
        if not all(datasets.get(name).may_ship_models for name in used):
            assert {file.name for file in path.parent.iterdir()} == {"README.md", "metrics.json"}


@pytest.mark.parametrize("version", VERSIONS, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_it_is_small(version):
    served = sum(f.stat().st_size for f in version.rglob("*") if f.is_file())
    assert served / 2**20 < 15


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_no_rows_are_answered_by_none_or_refused_in_words(version):
    model = zoo.load(version)
    nothing = {
        name: np.zeros([0, *(size or 1 for size in slot.shape[1:])])
        for name, slot in model.inputs().items()
        if slot.has_rows()
    }
    try:
        answer = model(**nothing)
    except InputError as error:
        assert "has no rows; expected one or more" in str(error)
    else:
        assert {len(value) for value in answer.values()} == {0}


def test_a_bare_process_answers_by_both_loaders(path, model):
    done = subprocess.run(
        [sys.executable, "-c", BARE, str(path)], capture_output=True, text=True, check=True
    )
    said = [text.decode() for text in model(["photograph", "zoology"])["text"]]
    assert done.stdout.strip() == "|".join(said)
    assert said[0].split()[0] == "F" and said[1].split()[0] == "Z"


def test_a_row_alone_is_the_row_in_a_batch(model):
    together, alone = model(WORDS * 8), model(WORDS[4:5])
    assert together["n_best"].shape[0] == 64
    assert together["n_best"][4].tolist() == alone["n_best"][0].tolist()
    np.testing.assert_allclose(together["n_best_scores"][4], alone["n_best_scores"][0], atol=1e-4)


def test_keras_says_the_same(path, model):
    """The Keras model, decoded by the library, against the exported graph."""
    import keras
    import tensorflow as tf

    from recipes.workbench.rebuilding import rebuild

    facts = json.loads((path.parent / "metrics.json").read_text(encoding="utf-8"))
    recipe = REGISTRY.get(facts["recipe"])
    kept = path.parent / "model.keras"
    decoder = (
        keras.models.load_model(kept, compile=False) if kept.is_file() else rebuild(path).model
    )
    ids = np.array([[4, 5, 6, 7, 8], [9, 4, 5, 0, 0]], "int32")
    lengths = np.array([5, 3], "int32")
    answer = model(signature="token_ids", source=ids, source_length=lengths)
    best, count = answer["ids"][:, 0], answer["lengths"][:, 0]
    target = np.pad(best, [(0, 0), (1, 0)])
    target[:, 0] = 2
    logits = decoder({"source": ids, "source_length": lengths, "target": target})["logits"]
    logs = tf.nn.log_softmax(logits, -1).numpy()
    penalty = facts["settings"]["length_penalty"]
    for row in range(2):
        path_ids = [*best[row, : count[row]], 3]
        total = sum(logs[row, step, token] for step, token in enumerate(path_ids))
        # Wu et al. 2016; the stop token counts as a token of the hypothesis.
        expected = total / ((5 + len(path_ids)) / 6) ** penalty
        assert answer["scores"][row, 0] == pytest.approx(expected, abs=1e-3)
    assert recipe.name == path.parent.name


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_training_can_go_on_from_it(version):
    """The weights that the SavedModel holds are all that the recipe's model has."""
    import keras

    from recipes.workbench.rebuilding import rebuild

    try:
        found = rebuild(version)
    except InputError as error:
        if "cannot get" in str(error):
            pytest.skip(f"exported without assets, and its data is not here: {error}")
        raise
    # Exported for its encoder.
    without = "decoders/" if found.recipe.name == "skip_thought" else None
    assert all(without and path.startswith(without) for path in found.missing)
    kept = version.parent / "model.keras"
    if kept.is_file():
        trained = keras.models.load_model(kept, compile=False).weights
        for one, other in zip(found.model.weights, trained, strict=True):
            if one.path not in found.missing:
                np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_every_signature_is_warmed_up(version):
    warmed = {request.model_spec.signature_name for request in read_warmup(version)}
    assert warmed == set(public_signatures(read_meta_graph(version)))


def test_what_was_never_seen_is_answered_and_reported(model):
    answer = model(["我爱中国", "photograph", ""])
    np.testing.assert_allclose(answer["unknown_share"], [1, 0, 0])
    assert answer["text"][2] == b""
