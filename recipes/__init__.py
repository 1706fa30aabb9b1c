"""Recipes: data, model, objective, metric, signatures and search space of one task each.

>>> import recipes
>>> recipes.names()[:1]
['g2p']
"""

from pathlib import Path
from typing import Any

from recipes import g2p as _g2p  # noqa: F401  (registers itself)
from recipes.recipe import Recipe as Recipe
from recipes.recipe import recipes as _registry
from recipes.run import Run as Run
from recipes.settings import replace as _replace


class Fittable:
    """A recipe as `get` hands it out: what can be done with it, in one place."""

    def __init__(self, recipe: Recipe):
        self.recipe = recipe
        self.name = recipe.name

    def fit(
        self,
        run_dir: str | Path | None = None,
        data: str | Path | None = None,
        seed: int = 0,
        resume: bool = False,
        epochs: float | None = None,
        steps: int | None = None,
        say=lambda line: None,
        **settings: Any,
    ) -> Run:
        """Fits the recipe into a run folder and returns the run.

        Args:
            run_dir: Defaults to runs/<recipe>.
            data: Your own file in place of the public data.
            seed: Defaults to 0.
            resume: Goes on with the run in the folder.
            epochs, steps: How long; defaults to the recipe's epochs.
            say: Is given lines to show.
            **settings: Changes to the recipe's settings.
        """
        path = Path(run_dir) if run_dir else Path("runs") / self.name
        if resume:
            run = Run.open(path, self.name)
        else:
            run = Run.start(
                self.recipe,
                path,
                _replace(self.recipe.settings, settings),
                seed,
                Path(data) if data else None,
            )
        run.fit(resume=resume, epochs=epochs, steps=steps, say=say)
        return run


def get(name: str) -> Fittable:
    """Returns the recipe of a name; raises `InputError` with the near names otherwise."""
    return Fittable(_registry.get(name))


def names(pattern: str = "*") -> list[str]:
    """Returns the sorted names of the recipes that match a shell pattern."""
    return _registry.names(pattern)
