"""Words dropped in training."""

import keras
import numpy as np

from zoo.training.word_dropout import WordDropout


def test_drops_its_share_in_training_and_none_otherwise():
    tokens = np.full([200, 100], 7, "int32")
    layer = WordDropout(0.3, unknown_id=1, seed=0)
    dropped = np.asarray(layer(tokens, training=True))
    assert set(np.unique(dropped)) == {1, 7}
    # Five standard deviations of a mean of 20,000 draws.
    assert abs((dropped == 1).mean() - 0.3) < 5 * np.sqrt(0.3 * 0.7 / tokens.size)
    np.testing.assert_array_equal(layer(tokens, training=False), tokens)


def test_a_mask_is_drawn_anew_and_again_the_same_from_the_same_state():
    tokens = np.full([4, 50], 7, "int32")
    layer = WordDropout(0.5, seed=3)
    (state,) = layer.variables
    kept = state.numpy()
    first, second = layer(tokens, training=True), layer(tokens, training=True)
    assert np.any(np.asarray(first) != np.asarray(second))
    state.assign(kept)
    np.testing.assert_array_equal(layer(tokens, training=True), first)


def test_is_saved_with_its_settings(tmp_path):
    given = keras.Input([None], dtype="int32")
    model = keras.Model(given, WordDropout(0.25, unknown_id=9, seed=1)(given))
    model.save(tmp_path / "model.keras")
    layer = keras.models.load_model(tmp_path / "model.keras").layers[-1]
    assert (layer.rate, layer.unknown_id, layer.seed) == (0.25, 9, 1)
