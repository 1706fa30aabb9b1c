"""Every example of the page on cells and of the docstrings runs."""

import doctest
import importlib
import pathlib
import pkgutil
import re

import keras
import numpy as np
import pytest

import zoo
from zoo import cells, recurrence

PAGE = pathlib.Path(zoo.__file__).parents[1] / "docs" / "cells.md"
MODULES = [module.name for module in pkgutil.iter_modules(cells.__path__, "zoo.cells.")]
MODULES += ["zoo.recurrence.dynamic_rnn", "zoo.recurrence.bidirectional_dynamic_rnn"]


def test_the_page_runs_from_top_to_bottom():
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) > 8
    names = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)


def test_every_zoo_name_on_the_page_exists():
    text = PAGE.read_text(encoding="utf-8")
    names = re.findall(r"zoo\.(cells|recurrence)\.(\w+)", text)
    assert len(names) > 15
    for package, name in names:
        assert hasattr({"cells": cells, "recurrence": recurrence}[package], name), name


def test_every_public_cell_is_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    missing = [name for name in cells.__all__ if name not in text and name != "CellWrapper"]
    assert not missing


@pytest.mark.parametrize("module", MODULES)
def test_docstrings(module):
    public = {name: getattr(cells, name) for name in cells.__all__}
    public |= {name: getattr(recurrence, name) for name in ("dynamic_rnn", "DynamicRNN")}
    names = {**public, "np": np, "keras": keras, "ops": keras.ops, "zoo": zoo}
    loaded = importlib.import_module(module)
    result = doctest.testmod(loaded, extraglobs=names)
    assert result.failed == 0
