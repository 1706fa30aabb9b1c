"""CONTRIBUTING names every file that leans on what another package does not offer its users."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(path for top in ("zoo", "recipes") for path in (ROOT / top).rglob("*.py"))
# Private by their spelling alone: Python documents them.
DOCUMENTED = {"_replace", "_asdict", "_fields", "_exit", "_value2member_map_"}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in DOCUMENTED


def private_import(module: str) -> bool:
    """Whether a module of another package is not for its users."""
    parts = module.split(".")
    if parts[0] in ("zoo", "recipes", "__future__"):
        return False
    return (
        any(is_private(part) for part in parts)
        or "src" in parts[1:]
        or module.startswith("tensorflow.python")
    )


def own_names(tree: ast.AST) -> set[str]:
    """Returns the private names that a file defines: functions, classes, variables, attributes."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name)
            and node.value.id in ("self", "cls")
        ):
            names.add(node.attr)
    return names


def not_public(tree: ast.AST, own: set[str]) -> set[str]:
    """Returns what of other packages a file uses and they do not offer: modules and names."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if private_import(alias.name)}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name for name in names if private_import(name)}
        elif isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in own:
            found.add(node.attr)
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("getattr", "setattr", "hasattr")
            and isinstance(node.args[1], ast.Constant)
            and is_private(str(node.args[1].value))
            and node.args[1].value not in own
        ):
            found.add(node.args[1].value)
    return found


@pytest.fixture(scope="module")
def leaning() -> dict[str, set[str]]:
    """What each file uses that is not public; files that use nothing of the kind are left out."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
    own = set().union(*map(own_names, trees.values()))
    found = {str(path.relative_to(ROOT)): not_public(tree, own) for path, tree in trees.items()}
    return {name: uses for name, uses in found.items() if uses}


def listed() -> set[str]:
    """Returns the files of CONTRIBUTING's list."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    part = text.split("lean on what is not public", 1)[1].split("\n\n", 2)[1]
    return set(re.findall(r"^- `([\w/]+\.py)`", part, flags=re.MULTILINE))


def test_the_list_is_complete(leaning):
    assert {"zoo/tuning/engine.py", "zoo/serving/interruption.py"} <= set(leaning)
    missing = {name: uses for name, uses in leaning.items() if name not in listed()}
    assert not missing, "name them in CONTRIBUTING.md"


def test_the_list_names_no_file_that_is_gone():
    assert all((ROOT / name).is_file() for name in listed())


def test_what_is_found():
    source = """
import keras.src.layers as a
from tensorflow.python.ops import b
from keras import ops
from zoo.tuning._x import y
def f(model, pair):
    model._build_by_itself()
    self._mine = pair._replace(a=1)
    return self._mine, getattr(model, "_hidden")
"""
    tree = ast.parse(source)
    assert not_public(tree, own_names(tree)) == {
        "keras.src.layers",
        "tensorflow.python.ops.b",
        "_build_by_itself",
        "_hidden",
    }
