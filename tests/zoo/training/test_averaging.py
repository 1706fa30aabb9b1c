"""Averaged checkpoints, against NumPy's mean."""

import json
import shutil

import keras
import numpy as np
import pytest

from zoo.errors import InputError
from zoo.training.averaging import average_checkpoints
from zoo.training.checkpoints import Checkpoints


@pytest.fixture
def written(tmp_path):
    """Four checkpoints of a model and its optimizer, and what each held."""
    model = keras.Sequential([keras.Input([3]), keras.layers.Dense(2), keras.layers.Dropout(0.5)])
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    checkpoints, kept = Checkpoints(tmp_path, keep=4), []
    random = np.random.default_rng(0)
    for step in range(1, 6):
        for variable in model.trainable_variables:
            variable.assign(random.normal(size=variable.shape))
        for variable in model.non_trainable_variables:
            variable.assign(np.full(variable.shape, step, variable.dtype))
        checkpoints.save(10 * step, [*model.variables, *optimizer.variables])
        kept.append([variable.numpy() for variable in model.variables])
    for variable in model.variables:
        variable.assign(np.zeros(variable.shape, variable.dtype))
    return model, checkpoints, kept


@pytest.mark.parametrize("last", [1, 3, 4])
def test_weights_are_the_mean_and_all_else_the_newest(written, last):
    model, checkpoints, kept = written
    steps = average_checkpoints(checkpoints, model.variables, last)
    assert steps == [10 * step for step in range(6 - last, 6)]
    for place, variable in enumerate(model.variables):
        values = np.stack([values[place] for values in kept[-last:]])
        expected = values.mean(0) if variable.trainable else values[-1]
        np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-6, err_msg=variable.path)
    assert any(not variable.trainable for variable in model.variables)


@pytest.mark.parametrize("last", [0, -1, 1.5, True])
def test_a_number_that_is_none_is_refused(written, last):
    model, checkpoints, _ = written
    with pytest.raises(InputError, match="expected a whole number of 1 or more"):
        average_checkpoints(checkpoints, model.variables, last)


def test_more_than_there_are_or_another_models_are_refused(written):
    model, checkpoints, _ = written
    with pytest.raises(InputError, match="holds 4 checkpoints; 5 cannot be averaged"):
        average_checkpoints(checkpoints, model.variables, 5)
    other = keras.Sequential([keras.Input([4]), keras.layers.Dense(2), keras.layers.Dropout(0.5)])
    with pytest.raises(InputError, match="another model"):
        average_checkpoints(checkpoints, other.variables, 2)
    (checkpoints.folder / "step-000000050.npz").write_bytes(b"half")
    before = [variable.numpy() for variable in model.variables]
    with pytest.raises(InputError, match="is not a whole checkpoint"):
        average_checkpoints(checkpoints, model.variables, 2)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_a_run_is_averaged_from_the_command_line(g2p_run, tmp_path, capsys):
    from recipes.commands.main import main

    folder = tmp_path / "run"
    shutil.copytree(g2p_run.folder.path, folder)
    stored = [np.load(folder / "checkpoints" / f"step-{s:09d}.npz") for s in (3, 6)]
    assert main(["average", str(folder), "--last", "2"]) == 0
    assert "averaged: steps 3, 6" in capsys.readouterr().out
    model = keras.models.load_model(folder / "model.keras", compile=False)
    trained = g2p_run.recipe.trained(g2p_run.settings, model)
    for place, variable in enumerate(trained.variables):
        if variable.trainable:
            expected = np.mean([values[f"{place:04d}"] for values in stored], axis=0)
            np.testing.assert_allclose(variable.numpy(), expected, atol=1e-6)
    assert json.loads((folder / "run.json").read_text())["averaged"] == [3, 6]
    assert not (folder / "metrics.json").is_file()
    assert main(["average", str(folder), "--last", "3"]) == 2
    assert "holds 2 checkpoints" in capsys.readouterr().err
