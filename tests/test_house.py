"""The house: imports run downwards, and nothing in the library knows a recipe."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# A package may import what stands in its row, and the ground floor.
ALLOWED = {
    "zoo.cells": set(),
    "zoo.attention": set(),
    "zoo.text": set(),
    "zoo.audio": set(),
    "zoo.tuning": set(),
    "zoo.training": set(),
    "zoo.decoding": set(),
    "zoo.recurrence": {"zoo.cells"},
    "zoo.topologies": {"zoo.recurrence", "zoo.attention", "zoo.decoding", "zoo.cells"},
    "zoo.serving": {"zoo.decoding", "zoo.text", "zoo.audio"},
}
GROUND = {"zoo.errors", "zoo.files", "zoo.registry", "zoo.version"}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def package(module: str) -> str:
    return ".".join(module.split(".")[:2])


@pytest.mark.parametrize("floor", sorted(ALLOWED))
def test_imports_run_downwards(floor):
    files = list((ROOT / floor.replace(".", "/")).rglob("*.py"))
    assert files
    for path in files:
        for module in imports(path):
            if module.split(".")[0] in ("recipes", "command_line"):
                pytest.fail(f"{path.relative_to(ROOT)} imports {module}, which is above it")
            if module.startswith("zoo."):
                lower = ALLOWED[floor] | GROUND | {floor}
                known = {*ALLOWED, *GROUND}
                if package(module) in known and package(module) not in lower:
                    pytest.fail(f"{path.relative_to(ROOT)} imports {module}")


def test_every_package_of_the_library_has_a_row():
    packages = {f"zoo.{p.parent.name}" for p in (ROOT / "zoo").glob("*/__init__.py")}
    assert packages == set(ALLOWED)


def test_recipes_do_not_know_the_command_line():
    for path in (ROOT / "recipes").rglob("*.py"):
        assert not any(m.startswith("command_line") for m in imports(path)), path


def test_no_file_says_utils():
    names = {p.stem for top in ("zoo", "recipes", "command_line") for p in (ROOT / top).rglob("*")}
    assert not names & {"utils", "helpers", "common", "util", "misc"}
