"""Saved models answer as they did when their answers were kept, whatever was moved since."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import zoo
from recipes.catalog import REGISTRY

HERE = Path(__file__).parent
SAVED_MODELS = HERE.parents[1] / "saved_models"
ANSWERS = json.loads((HERE / "kept_answers.json").read_text(encoding="utf-8"))
# One that reads and one that writes text; the others take minutes together.
QUICK = {"nationality", "names"}


@pytest.fixture(scope="module")
def keeping():
    """The program that wrote the answers, as a module."""
    spec = importlib.util.spec_from_file_location("kept_answers", HERE / "kept_answers.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow)
        for name in sorted(ANSWERS)
    ],
)
def test_it_answers_as_before(name, keeping):
    folder = SAVED_MODELS / name
    if not folder.is_dir():
        pytest.skip(f"saved_models/{name} is not here")
    facts = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    given = keeping.requests(REGISTRY.get(facts["recipe"]))
    found, wanted = keeping.kept(zoo.load(folder)(**given)), ANSWERS[name]
    assert set(wanted) <= set(found)
    for key, value in wanted.items():
        if value and isinstance(value[0], str):
            assert found[key] == value, key
        else:
            numbers = [
                np.array([np.nan if x is None else x for x in one]) for one in (found[key], value)
            ]
            np.testing.assert_allclose(*numbers, rtol=2e-3, atol=2e-4, err_msg=key)
