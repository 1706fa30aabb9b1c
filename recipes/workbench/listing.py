"""What can be listed: recipes, models, datasets and saved models, as rows."""

import inspect
from pathlib import Path
from typing import Any

from recipes.catalog import REGISTRY
from zoo.files import read_json
from zoo.references import saved_models
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
    """Returns a row a saved model: its versions, where it is, and how good it is."""
    import fnmatch

    rows = []
    for name in fnmatch.filter(saved_models.names(), pattern):
        folder = saved_models.find(name).parent
        facts = _facts(folder)
        metric = REGISTRY.get(facts["recipe"]).metric if facts.get("recipe") in REGISTRY else None
        rows.append(
            {
                "name": name,
                "versions": ", ".join(map(str, list_versions(folder))),
                "metric": metric,
                "test": facts.get("metrics", {}).get("test", {}).get(metric),
                "path": str(folder),
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
