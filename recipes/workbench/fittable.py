"""A recipe by name, with what can be done with it."""

from pathlib import Path
from typing import Any

from recipes.catalog import REGISTRY
from recipes.recipe import Recipe
from recipes.settings import replace
from recipes.workbench.run import Run


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
            run.lengthen(epochs, steps)
        else:
            if epochs is not None:
                settings["epochs"] = epochs
            changed = replace(self.recipe.settings, settings)
            run = Run.start(self.recipe, path, changed, seed, Path(data) if data else None, steps)
        run.fit(resume=resume, say=say)
        return run

    def tune(self, run_dir: str | Path | None = None, **options: Any):
        """Searches the recipe's settings; see `recipes.workbench.tuning.tune`."""
        from recipes.workbench.tuning import tune

        return tune(self.recipe, Path(run_dir) if run_dir else None, **options)

    def hypermodel(self, data: str | Path | None = None, **settings: Any):
        """Returns a `keras_tuner.HyperModel` for one's own Keras Tuner code."""
        from recipes.workbench.tuning import hypermodel

        return hypermodel(self.recipe, Path(data) if data else None, **settings)


def get(name: str) -> Fittable:
    """Returns the recipe of a name; raises `InputError` with the near names otherwise."""
    return Fittable(REGISTRY.get(name))
