"""What plain methods measured: once for the same data, settings and code."""

import contextlib
import dataclasses
import hashlib
import inspect
import os
import pickle
from collections.abc import Iterator
from pathlib import Path

from recipes.recipe import Recipe, TrainingSettings
from zoo.errors import InputError
from zoo.files import read_json, write_json
from zoo.references.cache import cache_folder
from zoo.version import __version__

ROOMS = Path(__file__).parents[1]


def kept_baselines(
    recipe: Recipe, settings: TrainingSettings, train: list, examples: list
) -> dict[str, dict[str, float]]:
    """Returns `recipe.baselines`, from the user's cache where they were measured before.

    The environment variable ZOO_BASELINES names another folder; empty, nothing is kept.

    Args:
        recipe: recipe whose plain methods are measured.
        settings: its settings; those of the training alone do not count.
        train, examples: what the plain methods learn from, and what they are measured on.
    """
    folder = _folder()
    digest = _digest(recipe, settings, train, examples) if folder is not None else None
    if digest is None:
        return recipe.baselines(settings, train, examples)
    file = folder / f"{recipe.name}-{digest}.json"
    if file.is_file():
        # What cannot be read is measured anew and written over.
        with contextlib.suppress(InputError):
            return read_json(file)
    found = recipe.baselines(settings, train, examples)
    if found:
        # A cache that cannot be written costs time and nothing else.
        with contextlib.suppress(InputError, OSError):
            folder.mkdir(parents=True, exist_ok=True)
            write_json(file, found)
    return found


def _folder() -> Path | None:
    named = os.environ.get("ZOO_BASELINES")
    if named is None:
        return cache_folder() / "baselines"
    return Path(named).expanduser() if named else None


def _digest(recipe: Recipe, settings: TrainingSettings, train: list, examples: list) -> str | None:
    of_training = {field.name for field in dataclasses.fields(TrainingSettings)}
    own = {name: value for name, value in vars(settings).items() if name not in of_training}
    try:
        found = hashlib.sha256(pickle.dumps((__version__, own, train, examples)))
    except (pickle.PicklingError, TypeError, AttributeError):
        # Examples of one's own recipe may be anything; what has no digest is not kept.
        return None
    for file in _code(recipe):
        found.update(file.read_bytes())
    return found.hexdigest()[:32]


def _code(recipe: Recipe) -> Iterator[Path]:
    """Yields the files that say how the plain methods of a recipe are measured."""
    for owner in type(recipe).__mro__:
        if owner.__module__.startswith("recipes."):
            yield Path(inspect.getfile(owner))
    for room in ("baselines", "metrics"):
        yield from sorted((ROOMS / room).glob("*.py"))
