"""BandConvolutions against sums in NumPy, with padding that may hold anything."""

import keras
import numpy as np
import pytest

from zoo.audio.band_convolutions import BandConvolutions
from zoo.errors import InputError


def by_hand(frames, kernel, bias):
    """relu(W * x + b) of [N, M, C] over 3 x 3, and the maximum of every two bands."""
    steps, bands, _ = frames.shape
    around = np.pad(frames, ((1, 1), (1, 1), (0, 0)))
    made = np.empty((steps, bands, kernel.shape[-1]))
    for step, band in np.ndindex(steps, bands):
        window = around[step : step + 3, band : band + 3]
        made[step, band] = np.maximum(np.tensordot(window, kernel, 3) + bias, 0)
    return np.stack([made[:, band : band + 2].max(1) for band in range(0, bands, 2)], 1)


def test_each_row_is_as_by_hand_without_its_padding():
    frames = np.random.default_rng(0).normal(size=(3, 5, 6)).astype("float32")
    length = np.array([5, 2, 0])
    for row, real in enumerate(length):
        frames[row, real:] = np.nan
    layer = BandConvolutions((2, 3))
    layer.build(frames.shape, length.shape)
    weights = [weight.numpy() for weight in layer.weights]
    weights[1][:], weights[3][:] = 0.2, -0.1
    layer.set_weights(weights)
    made = layer(frames, length).numpy()
    assert made.shape == tuple(layer.compute_output_shape(frames.shape)) == (3, 5, 6)
    for row, real in enumerate(length):
        first = by_hand(frames[row, :real, :, None], *weights[:2]) if real else None
        expected = by_hand(first, *weights[2:]).reshape(real, 6) if real else np.zeros((0, 6))
        np.testing.assert_allclose(made[row, :real], expected, atol=1e-5)
        assert not made[row, real:].any()


def test_a_saved_layer_comes_back_whole(tmp_path):
    frames, length = keras.Input([None, 6]), keras.Input([], dtype="int32")
    model = keras.Model([frames, length], BandConvolutions((2,))(frames, length))
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    given = [np.ones([2, 4, 6], "float32"), np.array([4, 1])]
    np.testing.assert_array_equal(model(given), again(given))


@pytest.mark.parametrize("filters", [(), (3, 0)])
def test_filters_that_cannot_be_are_refused(filters):
    with pytest.raises(InputError, match="expected one or more, each 1 or more"):
        BandConvolutions(filters)
