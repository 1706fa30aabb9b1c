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


# What is wrong in the arguments or in a small file, and what is said of it.
MISTAKES = (
    ("g2p --set batch_size=0", "setting batch_size=0: expected 1 or more"),
    ("g2p --set unit=3", "unknown setting 'unit'"),
    ("gp2", "unknown recipe 'gp2'"),
    ("g2p --data NONE", "none.tsv: there is no such file"),
    ("g2p --data BAD", "bad.tsv line 2: 1 field"),
    ("question_type --data BAD", "bad.tsv line 2: 1 field"),
    ("sunspots --data BAD", "bad.tsv line 1"),
    ("ner --data BAD", "bad.tsv line 1"),
    ("g2p --run-dir FULL", "is not empty and holds no run"),
    ("g2p --resume --run-dir FULL", "there is no run here"),
)


def test_mistakes_are_answered_quickly(tmp_path):
    (tmp_path / "bad.tsv").write_text("a\tb\nc\n")
    lines = ["import contextlib, io", "from recipes.commands.main import main"]
    for arguments, message in MISTAKES:
        for word, path in (("NONE", "none.tsv"), ("BAD", "bad.tsv"), ("FULL", ".")):
            arguments = arguments.replace(word, str(tmp_path / path))
        if "--run-dir" not in arguments:
            arguments += f" --run-dir {tmp_path / 'run'}"
        lines += [
            "said = io.StringIO()",
            "with contextlib.redirect_stderr(said):",
            f"    assert main({['fit', *arguments.split()]!r}) == 2",
            f"assert {message!r} in said.getvalue(), said.getvalue()",
        ]
    loaded, seconds = loaded_by(lines)
    assert loaded == set()
    # All of them together take no longer than one may.
    assert seconds < SECONDS
    assert not (tmp_path / "run").exists()


def test_a_check_goes_on_to_where_it_needs_tensorflow():
    lines = [
        "from recipes.commands.output import stop_at_tensorflow",
        "done = []",
        "def check():",
        "    done.append('before')",
        "    import zoo.text",
        "    done.append('after')",
        "stop_at_tensorflow(check)",
        "assert done == ['before'], done",
        "import zoo.text, zoo",
        "stop_at_tensorflow(check)",
        "assert done == ['before', 'before', 'after'], done",
    ]
    assert "tensorflow" in loaded_by(lines)[0]


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
