"""Who lists recipes or asks for help does not wait for TensorFlow."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIGHT_ROOMS = ("families", "datasets", "metrics", "baselines", "drawings")
HEAVY = ("tensorflow", "keras", "sklearn", "matplotlib")
# Of the processor: how long a person waits depends on what else the machine does.
SECONDS = 2.0


def light_modules() -> list[str]:
    files = [path for path in (ROOT / "recipes").glob("*.py") if path.stem != "__init__"]
    files += [path for room in LIGHT_ROOMS for path in (ROOT / "recipes" / room).rglob("*.py")]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files]
    # What long_memory exports are TensorFlow modules; it imports them when it makes a model.
    return sorted({name.removesuffix(".__init__") for name in names} - {MODULES_OF_TENSORFLOW})


MODULES_OF_TENSORFLOW = "recipes.families.memory_problems"


def loaded_by(lines: list[str]) -> tuple[set[str], float]:
    """Returns the heavy modules of a bare process after some lines, and its processor seconds."""
    tell = (
        f"import sys, time; "
        f"print(time.process_time(), *[name for name in {HEAVY!r} if name in sys.modules])"
    )
    program = [*lines, tell]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(program)], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    seconds, *loaded = done.stdout.splitlines()[-1].split()
    return set(loaded), float(seconds)


def test_every_recipe_module_imports_without_tensorflow():
    names = light_modules()
    assert {"recipes.g2p", "recipes.catalog", "recipes.families.tagging"} <= set(names)
    # After each one, so that a failure names it.
    lines = ["import importlib, sys"]
    lines += [
        f"importlib.import_module({name!r}); "
        f"assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules, {name!r}"
        for name in names
    ]
    assert loaded_by(lines)[0] == set()


@pytest.mark.parametrize(
    "arguments",
    [["list", "recipes"], ["list", "datasets"], ["list", "saved"], ["fit", "g2p", "--help"]],
    ids=" ".join,
)
def test_commands_that_list_or_explain_start_quickly(arguments):
    loaded, seconds = loaded_by(["from recipes.commands.main import main", f"main({arguments!r})"])
    assert loaded == set()
    assert seconds < SECONDS


def test_the_catalog_imports_quickly():
    loaded, seconds = loaded_by(["import recipes.catalog"])
    assert loaded == set()
    assert seconds < SECONDS


def test_a_deferred_name_is_the_real_one():
    import tensorflow

    from zoo.deferred import keras, tf

    assert tf.constant is tensorflow.constant
    assert keras.Model is tensorflow.keras.Model
    with pytest.raises(AttributeError):
        tf.no_such_name  # noqa: B018
