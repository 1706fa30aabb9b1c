"""Recipes: data, model, objective, metric, signatures and search space of one task each.

>>> import recipes
>>> "g2p" in recipes.names()
True
"""

import importlib

# Looked up when first used: the datasets need no TensorFlow, the recipes do.
_PUBLIC = {
    "Run": "recipes.workbench.run",
    "SavedRecipe": "recipes.workbench.opening",
    "get": "recipes.workbench.fittable",
    "lines": "recipes.workbench.opening",
    "list_datasets": "recipes.datasets.list_datasets",
    "list_models": "recipes.workbench.listing",
    "list_recipes": "recipes.workbench.listing",
    "list_saved": "recipes.workbench.listing",
    "names": "recipes.catalog",
    "open_target": "recipes.workbench.opening",
    "predict": "recipes.workbench.opening",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str):
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'recipes' has no attribute {name!r}")
