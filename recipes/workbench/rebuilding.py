"""A saved model turned back into what trains: recipe, settings, assets, model with weights."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from recipes.catalog import REGISTRY
from recipes.recipe import Assets, Recipe
from recipes.settings import replace
from recipes.workbench.run import Run
from zoo.errors import InputError
from zoo.training.run_folder import RunFolder

# Beside the version folders; no version has such a name.
ASSETS = "assets"


@dataclasses.dataclass(frozen=True)
class Rebuilt:
    """A saved model as Keras trains it.

    Attributes:
        recipe: The recipe that made it.
        settings: Its settings.
        assets: Its vocabularies and the like.
        model: The model, with the saved weights.
        missing: Paths of the weights that the saved model does not hold, such as the decoders of a
            model that was exported for its encoder; they are as newly drawn.
        facts: What metrics.json says.
    """

    recipe: Recipe
    settings: Any
    assets: Assets
    model: keras.Model
    missing: tuple[str, ...]
    facts: dict[str, Any]


def rebuild(version: Path) -> Rebuilt:
    """Builds the model of a saved version anew and gives it the version's weights.

    The recipe, its settings and the assets are read beside the version folder. A model that was
    exported without assets gets them from its training data, which must be at hand and the same.

    Args:
        version: The version folder, as `zoo.references.saved_models.find` returns it.

    Raises:
        InputError: No recipe made it, something is missing or damaged, or the weights do not fit
            what the recipe builds now.
    """
    folder = Path(version).parent
    facts = _facts(folder)
    recipe = REGISTRY.get(facts["recipe"])
    settings = replace(recipe.settings, facts["settings"])
    assets = _assets(folder, facts, recipe, settings)
    model = recipe.build(settings, assets)
    module = recipe.module(settings, assets, model)
    missing = _read_weights(Path(version), module, model)
    return Rebuilt(recipe, settings, assets, model, missing, facts)


def as_run(version: Path, run_dir: Path) -> Run:
    """Makes a finished run of a saved model, to be measured, exported or trained on.

    What was measured, the seed and the environment are those of the run that it came from.

    Args:
        version: The version folder.
        run_dir: The run folder, new or empty.

    Raises:
        InputError: As for `rebuild`, or the folder is taken.
    """
    found = rebuild(version)
    kept = {"metrics", "version", "assets"}
    described = {name: value for name, value in found.facts.items() if name not in kept}
    described.setdefault("steps", None)
    folder = RunFolder(run_dir)
    folder.create(described)
    # The numbers belong to the environment in which they were measured.
    folder.write_json("run.json", {**folder.description(), **described})
    found.assets.save(folder.assets)
    folder.save_model(found.model)
    if found.facts.get("metrics"):
        folder.write_json("metrics.json", found.facts["metrics"])
    return Run.open(run_dir)


def _facts(folder: Path) -> dict[str, Any]:
    path = folder / "metrics.json"
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        facts = {}
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable as JSON: {error}") from error
    if facts.get("recipe") not in REGISTRY or "settings" not in facts:
        raise InputError(
            f"{folder}: metrics.json does not name a recipe and its settings, so the model cannot "
            f"be built anew; expected a model that `zoo export` wrote"
        )
    return facts


def _assets(folder: Path, facts: dict[str, Any], recipe: Recipe, settings: Any) -> Assets:
    kept = folder / ASSETS
    lacking = [name for name in facts.get("assets", ()) if not (kept / name).is_file()]
    if lacking:
        raise InputError(f"{kept / lacking[0]}: is missing; fetch or export the model again")
    if "assets" in facts or kept.is_dir():
        try:
            return recipe.assets.load(kept)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{kept}: not readable as assets of {recipe.name}: {error}") from error
    data = Path(facts["data"]) if facts.get("data") else None
    return recipe.prepared(settings, data)[1]


def _read_weights(version: Path, module: tf.Module, model: keras.Model) -> tuple[str, ...]:
    """Reads the version's variables into the model; returns the paths of those it lacks."""
    floats = [w for w in model.weights if np.issubdtype(w.numpy().dtype, np.floating)]
    drawn = [weight.numpy() for weight in floats]
    for weight, value in zip(floats, drawn, strict=True):
        # What the checkpoint does not fill stays so.
        weight.assign(np.full_like(value, np.nan))
    try:
        tf.train.Checkpoint(root=module).read(str(version / "variables" / "variables"))
    except (tf.errors.OpError, ValueError) as error:
        line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"{version}: its weights do not fit the model that its recipe builds: {line}"
        ) from error
    missing = []
    for weight, value in zip(floats, drawn, strict=True):
        if value.size and np.isnan(weight.numpy()).all():
            weight.assign(value)
            missing.append(weight)
    if len(missing) == len(floats):
        raise InputError(f"{version}: none of its variables is a weight of the recipe's model")
    return tuple(weight.path for weight in missing)
