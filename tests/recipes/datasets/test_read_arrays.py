"""Arrays of a person's own: finite numbers alone."""

import numpy as np
import pytest

from recipes.datasets.arrays import read_array, read_arrays
from zoo.errors import InputError


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 1e300])
def test_a_number_that_float32_does_not_hold_is_named_by_its_place(tmp_path, wrong):
    images = np.zeros([3, 2, 2])
    images[1, 0, 1] = wrong
    np.savez(tmp_path / "a.npz", images=images, label=np.array(["a", "b", "c"]))
    with pytest.raises(InputError, match=r"a\.npz: images\[1, 0, 1\] is .*expected finite"):
        read_arrays(tmp_path / "a.npz", ["images", "label"])
    np.save(tmp_path / "a.npy", images)
    with pytest.raises(InputError, match=r"a\.npy: the array\[1, 0, 1\] is"):
        read_array(tmp_path / "a.npy")


def test_whole_numbers_texts_and_the_largest_numbers_are_read(tmp_path):
    arrays = {
        "images": np.full([2, 2], 255, np.uint8),
        "label": np.array(["a", "b"]),
        "large": np.array([np.finfo("float32").max, -3e38]),
    }
    np.savez(tmp_path / "a.npz", **arrays)
    found = read_arrays(tmp_path / "a.npz", ["images"])
    assert {name: array.tolist() for name, array in found.items()} == {
        name: array.tolist() for name, array in arrays.items()
    }
