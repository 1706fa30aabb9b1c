"""Recipes: data, model, objective, metric, signatures and search space of one task each.

>>> import recipes
>>> "g2p" in recipes.names()
True
"""

import importlib

# Looked up when first used: the datasets need no TensorFlow, the recipes do.
_PUBLIC = {
    "Run": "recipes.run",
    "SavedRecipe": "recipes.target",
    "get": "recipes.catalog",
    "lines": "recipes.target",
    "list_datasets": "recipes.datasets.listing",
    "list_models": "recipes.listing",
    "list_recipes": "recipes.listing",
    "list_saved": "recipes.listing",
    "names": "recipes.catalog",
    "open_target": "recipes.target",
    "predict": "recipes.target",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str):
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'recipes' has no attribute {name!r}")
