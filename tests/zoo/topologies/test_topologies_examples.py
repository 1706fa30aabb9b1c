"""The examples of docs/topologies.md and of the builders' docstrings run."""

import doctest
import importlib
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import zoo

PAGE = Path(__file__).parents[3] / "docs" / "topologies.md"
MODULES = [
    "attention_n_to_m",
    "crf",
    "embeddings",
    "encoder_decoder",
    "grid_rnn",
    "n_to_m",
    "n_to_n",
    "n_to_one",
    "one_to_n",
    "perceptron",
    "pooling",
    "recurrent_features",
    "token_step",
]


def test_the_page_runs_from_top_to_bottom():
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(code) == 7
    exec(compile("\n".join(code), str(PAGE), "exec"), {})


def test_the_page_names_every_model():
    named = set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert named == set(zoo.list_models())


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name):
    module = importlib.import_module(f"zoo.topologies.{name}")
    failed, _ = doctest.testmod(module, extraglobs={"np": np, "tf": tf})
    assert not failed
