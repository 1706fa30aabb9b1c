"""The recipes by name, and what can be done with one."""

from pathlib import Path
from typing import Any

from recipes import addition as _addition  # noqa: F401  (registers itself)
from recipes import air_quality as _air_quality  # noqa: F401
from recipes import babi as _babi  # noqa: F401
from recipes import char_rnn as _char_rnn  # noqa: F401
from recipes import chorale_frames as _chorale_frames  # noqa: F401
from recipes import chorales as _chorales  # noqa: F401
from recipes import cloze as _cloze  # noqa: F401
from recipes import connected_digits as _connected_digits  # noqa: F401
from recipes import digit_captions as _digit_captions  # noqa: F401
from recipes import g2p as _g2p  # noqa: F401
from recipes import grid_mnist as _grid_mnist  # noqa: F401
from recipes import headlines as _headlines  # noqa: F401
from recipes import intent_slots as _intent_slots  # noqa: F401
from recipes import long_memory as _long_memory  # noqa: F401
from recipes import nationality as _nationality  # noqa: F401
from recipes import ner as _ner  # noqa: F401
from recipes import pos_tagging as _pos_tagging  # noqa: F401
from recipes import question_type as _question_type  # noqa: F401
from recipes import row_mnist as _row_mnist  # noqa: F401
from recipes import sentiment as _sentiment  # noqa: F401
from recipes import skip_thought as _skip_thought  # noqa: F401
from recipes import spoken_digit_synthesis as _spoken_digit_synthesis  # noqa: F401
from recipes import spoken_digits as _spoken_digits  # noqa: F401
from recipes import sunspots as _sunspots  # noqa: F401
from recipes import tang_poetry as _tang_poetry  # noqa: F401
from recipes import translation as _translation  # noqa: F401
from recipes import video_digits as _video_digits  # noqa: F401
from recipes import written_names as _written_names  # noqa: F401
from recipes.recipe import Recipe, recipes
from recipes.run import Run
from recipes.settings import replace


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
        """Searches the recipe's settings; see `recipes.tuning.tune`."""
        from recipes.tuning import tune

        return tune(self.recipe, run_dir, **options)

    def hypermodel(self, data: str | Path | None = None, **settings: Any):
        """Returns a `keras_tuner.HyperModel` for one's own Keras Tuner code."""
        from recipes.tuning import hypermodel

        return hypermodel(self.recipe, data, **settings)


def get(name: str) -> Fittable:
    """Returns the recipe of a name; raises `InputError` with the near names otherwise."""
    return Fittable(recipes.get(name))


def names(pattern: str = "*") -> list[str]:
    """Returns the sorted names of the recipes that match a shell pattern."""
    return recipes.names(pattern)
