"""What can be listed: recipes, models, datasets and saved models, as rows."""

import fnmatch
import inspect
from pathlib import Path
from typing import Any

from recipes.catalog import REGISTRY
from zoo.files import read_json
from zoo.references import saved_models
from zoo.references.index import read_index
from zoo.references.versions import list_versions

Row = dict[str, Any]


def list_recipes(pattern: str = "*") -> list[Row]:
    """Returns a row a recipe: topology, dataset, metric, ours, theirs, and its settings."""
    rows = []
    for name in REGISTRY.names(pattern):
        recipe = REGISTRY.get(name)
        rows.append(
            {
                "name": name,
                "title": recipe.title,
                "topology": recipe.topology,
                "datasets": ", ".join(recipe.datasets),
                "metric": recipe.metric,
                "ours": _ours(name, recipe.metric),
                "theirs": "; ".join(f"{one.system} {one.figure}" for one in recipe.published),
                "own_data": {"format": recipe.own_data},
                "settings": vars(recipe.settings),
            }
        )
    return rows


def list_models(pattern: str = "*") -> list[Row]:
    """Returns a row a builder: its first line and its settings with their defaults."""
    from zoo.topologies.registry import builders

    rows = []
    for name in builders.names(pattern):
        builder = builders.get(name)
        settings = {
            parameter.name: None if parameter.default is parameter.empty else parameter.default
            for parameter in inspect.signature(builder).parameters.values()
        }
        first = inspect.getdoc(builder).splitlines()[0]
        rows.append({"name": name, "summary": first, "settings": settings})
    return rows


def list_saved(pattern: str = "*") -> list[Row]:
    """Returns a row a saved model: where it is or that it could be had, and how good it is.

    What stands only in the index has neither a path nor figures here; its licence and the size of
    its archive are known.
    """
    index, here = read_index(), saved_models.names()
    rows = []
    for name in sorted(fnmatch.filter({*here, *index.names()}, pattern)):
        version = saved_models.on_this_machine(name) if name in here else None
        facts = _facts(version.parent) if version else {}
        metric = REGISTRY.get(facts["recipe"]).metric if facts.get("recipe") in REGISTRY else None
        entry = index.get(name)
        numbers = list_versions(version.parent) if version else [entry.version]
        rows.append(
            {
                "name": name,
                "status": "here" if version else "could be had",
                "versions": ", ".join(map(str, numbers)),
                "metric": metric,
                "test": facts.get("metrics", {}).get("test", {}).get(metric),
                "archive_mb": round(entry.bytes / 1e6, 1) if entry else None,
                "licence": entry.licence if entry else None,
                "path": str(version.parent) if version else None,
            }
        )
    return rows


def _ours(name: str, metric: str) -> float | None:
    if name not in saved_models.names():
        return None
    value = _facts(saved_models.find(name).parent).get("metrics", {}).get("test", {}).get(metric)
    return None if value is None else round(value, 4)


def _facts(folder: Path) -> dict[str, Any]:
    if not (folder / "metrics.json").is_file():
        return {}
    return read_json(folder / "metrics.json")
