"""The house: imports run downwards, no circle, and nothing in the library knows a recipe."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# A room may import what stands in its row, itself, and the ground floor of its own house.
ROOMS = {
    "zoo.cells": set(),
    "zoo.attention": set(),
    "zoo.text": set(),
    "zoo.audio": set(),
    "zoo.images": set(),
    "zoo.tuning": set(),
    "zoo.training": set(),
    "zoo.decoding": set(),
    "zoo.recurrence": {"zoo.cells"},
    "zoo.topologies": {"zoo.recurrence", "zoo.attention", "zoo.decoding", "zoo.cells"},
    "zoo.signatures": {"zoo.decoding", "zoo.text", "zoo.audio", "zoo.images"},
    "zoo.references": set(),
    "zoo.serving": {"zoo.references"},
    "recipes.metrics": set(),
    "recipes.datasets": {"zoo"},
    "recipes.baselines": {"recipes.metrics", "zoo"},
    "recipes.drawings": {"recipes.metrics", "zoo"},
    "recipes.recipe": {"recipes.settings", "recipes.metrics", "recipes.drawings", "zoo"},
    "recipes.families": {
        "recipes.recipe",
        "recipes.settings",
        "recipes.datasets",
        "recipes.metrics",
        "recipes.baselines",
        "recipes.drawings",
        "zoo",
    },
    "recipes.RECIPE": {
        "recipes.families",
        "recipes.recipe",
        "recipes.settings",
        "recipes.datasets",
        "recipes.metrics",
        "recipes.baselines",
        "recipes.drawings",
        "zoo",
    },
    "recipes.catalog": {"recipes.RECIPE", "recipes.recipe"},
    "recipes.ranges": set(),
    "recipes.settings": {"recipes.ranges"},
    "recipes.workbench": {"recipes", "zoo"},
    "recipes.commands": {"recipes", "zoo"},
}
GROUND = {
    "zoo.checks",
    "zoo.class_ids",
    "zoo.deferred",
    "zoo.errors",
    "zoo.files",
    "zoo.lock",
    "zoo.processes",
    "zoo.registry",
    "zoo.signature_names",
    "zoo.version",
}
# Beside the recipes' own files in recipes/.
BESIDE = {"recipe", "settings", "ranges", "catalog"}
# What is not asked of the rooms above: they may use every room below them.
ABOVE = {
    "recipes.workbench": {"recipes.commands"},
    "recipes.commands": set(),
}


def imports(path: Path) -> set[str]:
    """Returns the modules that a file imports, wherever in the file it does."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found |= {
                name
                for alias in node.names
                if (name := f"{node.module}.{alias.name}") and _is_module(name)
            } or {node.module}
    return found


def _is_module(name: str) -> bool:
    path = ROOT / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


def room(module: str) -> str:
    """Returns the room of a module; the recipes' own files are one room."""
    parts = module.split(".")
    if parts[0] == "recipes" and len(parts) > 1:
        name = parts[1]
        if (ROOT / "recipes" / f"{name}.py").is_file() and name not in BESIDE:
            return "recipes.RECIPE"
    return ".".join(parts[:2])


def files_of(name: str) -> list[Path]:
    if name == "recipes.RECIPE":
        return [p for p in (ROOT / "recipes").glob("*.py") if p.stem not in {*BESIDE, "__init__"}]
    path = ROOT / name.replace(".", "/")
    return list(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


@pytest.mark.parametrize("name", sorted(ROOMS))
def test_imports_run_downwards(name):
    files = files_of(name)
    assert files
    for path in files:
        for module in imports(path):
            if module.split(".")[0] not in ("zoo", "recipes") or module in ("zoo", "recipes"):
                continue
            there = room(module)
            if name in ABOVE:
                allowed = there not in ABOVE[name]
            else:
                allowed = (
                    there == name
                    or there in ROOMS[name]
                    or (there.startswith("zoo.") and "zoo" in ROOMS[name])
                    or module in GROUND
                    or ".".join(module.split(".")[:2]) in GROUND
                )
            assert allowed, f"{path.relative_to(ROOT)} imports {module}"


def test_what_is_imported_is_there():
    """Also what is imported inside a function, which nobody sees until it is called."""
    for path in [*(ROOT / "zoo").rglob("*.py"), *(ROOT / "recipes").rglob("*.py")]:
        for module in imports(path):
            if module.split(".")[0] in ("zoo", "recipes"):
                assert _is_module(module), f"{path.relative_to(ROOT)} imports {module}"


def test_no_recipe_imports_a_recipe():
    for path in files_of("recipes.RECIPE"):
        others = {module for module in imports(path) if room(module) == "recipes.RECIPE"}
        assert not others, f"{path.relative_to(ROOT)} imports {sorted(others)}"


def test_every_room_has_a_row():
    packages = {
        f"{top}.{p.parent.name}" for top in ("zoo", "recipes") for p in ROOT.glob(f"{top}/*/*.py")
    }
    assert packages <= set(ROOMS)


def test_there_is_no_circle():
    """No module imports, over others, itself; imports inside functions count too."""
    modules = {
        ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p
        for top in ("zoo", "recipes")
        for p in (ROOT / top).rglob("*.py")
    }
    edges = {
        # A package's own names, looked up when first used, are doors and not floors.
        name: {one for one in imports(path) if one in modules and one not in ("zoo", "recipes")}
        - {name}
        for name, path in modules.items()
        if path.name != "__init__.py"
    }
    done, stack = set(), []

    def visit(name):
        if name in stack:
            pytest.fail(" -> ".join([*stack[stack.index(name) :], name]))
        if name in done or name not in edges:
            return
        stack.append(name)
        for other in sorted(edges[name]):
            visit(other)
        done.add(stack.pop())

    for name in sorted(edges):
        visit(name)


# What setup.cfg installs without any extra, by the names that are imported.
INSTALLED = {"tensorflow", "keras", "numpy", "platformdirs", "requests", "click", "rich", "google"}


def test_no_module_needs_an_extra_to_be_imported():
    """`zoo list` works in a bare environment; what needs an extra imports it when it is used."""
    known = INSTALLED | {"zoo", "recipes"} | sys.stdlib_module_names
    for path in (p for top in ("zoo", "recipes") for p in (ROOT / top).rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module]
            for name in names:
                assert name.partition(".")[0] in known, f"{path.relative_to(ROOT)} needs {name}"


def test_no_file_says_utils():
    names = {p.stem for top in ("zoo", "recipes") for p in (ROOT / top).rglob("*")}
    assert not names & {"utils", "helpers", "common", "util", "misc"}
