import keras
import numpy as np
import pytest

from zoo.errors import InputError
from zoo.topologies.bridge import Bridge


def states(layers, parts, width, value=1.0):
    return tuple(
        [np.full([2, width], value + i, "float32") for _ in range(parts)] for i in range(layers)
    )


def test_copy_pairs_from_the_top():
    bridge = Bridge("copy", ([4, 4],))
    (only,) = bridge(states(3, 2, 4))
    np.testing.assert_array_equal(only[0], np.full([2, 4], 3.0))


def test_zero_needs_nothing_of_the_encoder():
    made = Bridge("zero", ([3], [3]))(states(1, 2, 9))
    assert [[part.shape for part in layer] for layer in made] == [[(2, 3)], [(2, 3)]]
    assert not np.any(made[0][0])


def test_dense_is_tanh_of_all_parts_of_the_layer():
    bridge = Bridge("dense", ([3, 5],))
    given = states(1, 4, 2)  # two directions of h and c
    made = bridge(given)
    joined = np.concatenate(given[0], -1)
    for part, dense in zip(made[0], ("layer_0_state_0", "layer_0_state_1"), strict=True):
        layer = bridge._dense[dense]
        expected = np.tanh(joined @ np.asarray(layer.kernel) + np.asarray(layer.bias))
        np.testing.assert_allclose(part, expected, atol=1e-6)


def test_an_unknown_kind_is_refused():
    with pytest.raises(InputError, match="copy, zero, dense"):
        Bridge("glue", ([3],))


def test_copy_between_different_widths_says_what_to_do():
    with pytest.raises(InputError, match=r"widths \[4, 4\].*\[3, 3\].*'dense'"):
        Bridge("copy", ([3, 3],))(states(1, 2, 4))


@pytest.mark.parametrize("kind", ["copy", "dense"])
def test_too_few_encoder_layers(kind):
    with pytest.raises(InputError, match="at least as many"):
        Bridge(kind, ([4], [4]))(states(1, 1, 4))


def test_saved_and_loaded_in_a_functional_model(tmp_path):
    h, c = keras.Input([4]), keras.Input([4])
    model = keras.Model([h, c], Bridge("dense", ([3, 3],))(([h, c],)))
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    given = [np.random.default_rng(0).normal(size=[2, 4]).astype("float32") for _ in range(2)]
    for a, b in zip(
        keras.tree.flatten(model(given)), keras.tree.flatten(loaded(given)), strict=True
    ):
        np.testing.assert_array_equal(a, b)
