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
