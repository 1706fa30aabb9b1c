import errno
import os

import keras
import numpy as np
import pytest

from zoo.errors import InputError
from zoo.training.checkpoints import Checkpoints


def variables(value, shape=(3,)):
    return [keras.Variable(np.full(shape, value, "float32"), name="w") for _ in range(2)]


def test_restores_the_newest(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    for step in (1, 2, 10):
        checkpoints.save(step, variables(step))
    into = variables(0)
    assert checkpoints.restore(into) == 10
    assert [float(v[0]) for v in into] == [10, 10]
    assert checkpoints.steps() == [2, 10]


def test_a_model_built_again_in_the_same_process_is_the_same_model(tmp_path):
    first, second = (keras.Sequential([keras.Input([2]), keras.layers.Dense(3)]) for _ in range(2))
    assert first.weights[0].path != second.weights[0].path
    Checkpoints(tmp_path).save(1, first.weights)
    Checkpoints(tmp_path).restore(second.weights)
    np.testing.assert_array_equal(first.weights[0], second.weights[0])


def test_a_half_written_or_damaged_file_is_not_taken_for_whole(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=3)
    checkpoints.save(5, variables(5))
    whole = checkpoints.save(6, variables(6)).read_bytes()
    (tmp_path / "step-000000007.partial").write_bytes(whole)
    (tmp_path / "step-000000008.npz").write_bytes(whole[: len(whole) // 2])
    into = variables(0)
    assert checkpoints.restore(into) == 6
    assert float(into[0][0]) == 6


def _damaged(whole, tmp_path):
    plain = tmp_path / "plain.npy"
    np.save(plain, np.zeros(3))
    objects = tmp_path / "objects.npz"
    np.savez(objects, **{"0000": np.array([{}], object)})
    named = tmp_path / "named.npz"
    np.savez(named, w=np.zeros(3))
    for path in (plain, objects, named):
        yield path.name, path.read_bytes()
    yield "empty", b""
    yield "text", b"not a checkpoint"
    yield from ((f"cut at {at}", whole[:at]) for at in range(1, len(whole), 37))


def test_whatever_is_not_whole_the_one_before_is_taken(tmp_path):
    checkpoints = Checkpoints(tmp_path / "c", keep=1)
    checkpoints.save(5, variables(5))
    whole = (tmp_path / "c" / "step-000000005.npz").read_bytes()
    newer = tmp_path / "c" / "step-000000008.npz"
    for name, content in _damaged(whole, tmp_path):
        newer.write_bytes(content)
        into = variables(0)
        assert checkpoints.restore(into) == 5, name
        assert float(into[1][0]) == 5
    # The damaged one does not count among the newest.
    checkpoints.save(6, variables(6))
    assert checkpoints.restore(variables(0)) == 6
    checkpoints.path(6).unlink()
    with pytest.raises(InputError, match="no whole checkpoint"):
        checkpoints.restore(variables(0))


def test_arrays_that_are_no_numbers_are_another_models(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    np.savez(checkpoints.path(1), **{f"{i:04d}": np.array(["a"] * 3) for i in range(2)})
    with pytest.raises(InputError, match="another model"):
        checkpoints.restore(variables(0))


def test_another_model_is_refused(tmp_path):
    Checkpoints(tmp_path).save(1, variables(1))
    with pytest.raises(InputError, match="another model"):
        Checkpoints(tmp_path).restore(variables(0, shape=(4,)))


def test_nothing_to_restore(tmp_path):
    with pytest.raises(InputError, match="no whole checkpoint"):
        Checkpoints(tmp_path / "none").restore(variables(0))


def test_a_full_disk_keeps_the_last_checkpoint_and_says_so(tmp_path, monkeypatch):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(1, variables(1))

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        InputError, match=r"no space left for the checkpoint of step 2.*step 1 is whole"
    ):
        checkpoints.save(2, variables(2))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-000000001.npz"]
    assert checkpoints.restore(variables(0)) == 1
