"""Embeddings from word vectors, frozen or tuned, and tied with an output."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.errors import InputError
from zoo.text import Vocabulary
from zoo.text.word_vectors import WordVectors
from zoo.topologies.embeddings import token_embedding

SMALL = {"num_classes": 2, "vocabulary_size": 6, "units": 3, "embedding_dim": 2}
VECTORS = np.arange(12).reshape(6, 2).astype("float32") / 10
BATCH = {"tokens": np.array([[4, 5, 1]]), "length": np.array([3])}


def test_a_model_starts_from_a_word_vector_file(tmp_path):
    (tmp_path / "v.txt").write_text("yes 1 2\nno 3 4\n", encoding="utf-8")
    vocabulary = Vocabulary(["no", "yes"])
    matrix, coverage = WordVectors.read(tmp_path / "v.txt").matrix(vocabulary.tokens)
    assert coverage.share == 1
    model = zoo.build("n_to_one", **SMALL, word_vectors=matrix)
    embedded = model.get_layer("embedding")(vocabulary.ids(tf.constant([["yes", "no"]])))
    np.testing.assert_array_equal(embedded, [[[1, 2], [3, 4]]])


@pytest.mark.parametrize("train", [True, False])
def test_frozen_or_tuned_and_kept_in_the_saved_model(train, tmp_path):
    model = zoo.build("n_to_n", **SMALL, word_vectors=VECTORS, train_embedding=train)
    embeddings = model.get_layer("embedding").embeddings
    assert any(weight is embeddings for weight in model.trainable_variables) == train
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded.get_layer("embedding").embeddings, VECTORS)
    assert loaded.get_layer("embedding").trainable == train
    np.testing.assert_allclose(model(BATCH)["logits"], loaded(BATCH)["logits"], atol=1e-6)


def test_tied_logits_are_products_with_the_embeddings():
    layer = token_embedding(6, 2, word_vectors=VECTORS, tied=True)
    hidden = np.array([[1.0, -2.0]], "float32")
    np.testing.assert_allclose(layer(hidden, reverse=True), hidden @ VECTORS.T, atol=1e-6)
    assert len(layer.weights) == 1


def test_a_tied_decoder_has_no_output_matrix_of_its_own():
    settings = {"num_features": 2, "vocabulary_size": 50, "units": 3, "embedding_dim": 2}

    def matrices(tied):
        model = zoo.build("one_to_n", **settings, tie_embeddings=tied)
        return [w.path for w in model.weights if 50 in w.shape and len(w.shape) == 2]

    assert len(matrices(True)) == 1
    assert len(matrices(False)) == 2


PAIR = {"source_vocabulary_size": 6, "target_vocabulary_size": 6, "units": 3, "embedding_dim": 2}
GIVEN = {
    "source": np.array([[4, 5, 1]], "int32"),
    "source_length": np.array([3], "int32"),
    "target": np.array([[2, 4]], "int32"),
}
# Builder, its settings, a batch, where its target embedding is, and the prefix of its settings.
DECODERS = {
    "attention_n_to_m": (PAIR, GIVEN, lambda m: m.get_layer("decoder"), "target_"),
    "n_to_m": (PAIR, GIVEN, lambda m: m.get_layer("decoder"), "target_"),
    "one_to_n": (
        {"num_features": 2, "vocabulary_size": 6, "units": 3, "embedding_dim": 2},
        {"features": np.ones([1, 2], "float32"), "target": GIVEN["target"]},
        lambda m: m.get_layer("decoder"),
        "",
    ),
    "skip_thought": (
        {"vocabulary_size": 6, "units": 3, "embedding_dim": 2},
        {**GIVEN, "previous": GIVEN["target"], "next": GIVEN["target"]},
        lambda m: m.get_layer("decoders").next,
        "target_",
    ),
}


DEFAULT = [("attention_n_to_m", True), ("one_to_n", False)]


def started(name, train, **settings):
    base, batch, decoder_of, prefix = DECODERS[name]
    training = f"train_{prefix}embedding"
    vectors = {f"{prefix}word_vectors": VECTORS, training: train}
    model = zoo.build(name, **base, **vectors, **settings)
    batch = {key: batch[key] for key in model.input}
    return model, batch, decoder_of(model).embedding.embeddings


TRIED = [
    pytest.param(name, tied, marks=[] if (name, tied) in DEFAULT else pytest.mark.slow)
    for name in DECODERS
    for tied in (True, False)
]


@pytest.mark.parametrize(("name", "tied"), TRIED)
def test_a_decoder_starts_from_word_vectors_and_keeps_frozen_ones(name, tied, tmp_path):
    for train in (True, False):
        model, batch, embeddings = started(name, train, tie_embeddings=tied)
        np.testing.assert_array_equal(embeddings, VECTORS)
        assert any(weight is embeddings for weight in model.trainable_variables) == train
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    found = DECODERS[name][2](loaded).embedding
    np.testing.assert_array_equal(found.embeddings, VECTORS)
    assert not found.trainable
    for key, value in model(batch).items():
        np.testing.assert_allclose(value, loaded(batch)[key], atol=1e-6)


@pytest.mark.parametrize("tied", [True, False])
def test_one_embedding_for_source_and_target_stays_one_when_loaded(tied, tmp_path):
    model = zoo.build(
        "attention_n_to_m", **PAIR, share_embedding=True, tie_embeddings=tied, word_vectors=VECTORS
    )
    model.save(tmp_path / "m.keras")
    for each in (model, keras.models.load_model(tmp_path / "m.keras")):
        shared = each.get_layer("decoder").embedding
        assert each.get_layer("encoder").get_layer("embedding") is shared
        np.testing.assert_array_equal(shared.embeddings, VECTORS)
        assert len([w for w in each.trainable_variables if tuple(w.shape) == (6, 2)]) == 1
        np.testing.assert_allclose(each(GIVEN)["logits"], model(GIVEN)["logits"], atol=1e-6)
        # Both sides read what one assignment writes.
        shared.embeddings.assign(0 * VECTORS)
        assert not np.any(each.get_layer("decoder").embedding(GIVEN["target"]))
        shared.embeddings.assign(VECTORS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target_vocabulary_size": 7}, "source_vocabulary_size is 6 and target_vocabulary_size 7"),
        ({"target_word_vectors": VECTORS}, "give word_vectors, not target_word_vectors"),
    ],
)
def test_what_cannot_be_shared_is_refused(settings, message):
    with pytest.raises(InputError, match=message):
        zoo.build("attention_n_to_m", **{**PAIR, **settings}, share_embedding=True)


def test_tied_attention_logits_are_products_with_the_embeddings():
    model, batch, _ = started("attention_n_to_m", True, tie_embeddings=True)
    decoder = model.get_layer("decoder")
    before = np.asarray(model(batch)["logits"])
    assert np.linalg.matrix_rank(before[0] - before[0].mean(0)) <= 2  # no wider than E, no bias
    hidden = np.linalg.lstsq(VECTORS, before[0].T, rcond=None)[0].T
    np.testing.assert_allclose(hidden @ VECTORS.T, before[0], atol=1e-5)
    # Doubling P doubles the logits; nothing but P and E stands between o_i and them.
    for weight in decoder.narrow.weights:
        weight.assign(2 * weight)
    np.testing.assert_allclose(model(batch)["logits"], 2 * before, atol=1e-5)


@pytest.mark.parametrize(("prefix", "name"), [("target_", "n_to_m"), ("", "one_to_n")])
def test_what_does_not_fit_a_decoder_is_named_as_it_was_given(prefix, name):
    base = DECODERS[name][0]
    with pytest.raises(InputError, match=rf"^{prefix}word_vectors has the shape \(5, 2\)"):
        zoo.build(name, **base, **{f"{prefix}word_vectors": VECTORS[:5]})
    setting = f"train_{prefix}embedding"
    with pytest.raises(InputError, match=f"^{setting} is False without {prefix}word_vectors"):
        zoo.build(name, **base, **{setting: False})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"word_vectors": VECTORS[:5]}, r"shape \(5, 2\); expected .* = \(6, 2\)"),
        ({"word_vectors": np.full([6, 2], np.nan)}, "not finite"),
        ({"word_vectors": "glove.txt"}, "word_vectors is str; expected numbers"),
        ({"train_embedding": False}, "without word_vectors"),
        ({"vocabulary_size": None, "num_features": 3, "word_vectors": VECTORS}, "go with tokens"),
        ({"vocabulary_size": None}, "give vocabulary_size"),
        ({"embedding_dim": True}, "embedding_dim is True"),
    ],
)
def test_what_does_not_fit_is_refused(settings, message):
    with pytest.raises(InputError, match=message):
        zoo.build("n_to_n", **{**SMALL, **settings})
