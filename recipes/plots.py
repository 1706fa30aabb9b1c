"""Pictures: the curves of a run, and what a model looks at when it answers."""

from pathlib import Path

from recipes.drawing import draw_history
from recipes.run import Run
from recipes.target import open_target
from zoo.errors import InputError


def plot(target: str, given: str | None = None, to: Path | None = None) -> Path:
    """Draws the training curves of a run, or with an input what its model does with it.

    Args:
        target: A run folder or a saved model.
        given: An input; without one the curves of the run are drawn.
        to: The picture; its ending says the format. Defaults to PLOT.png in this folder.

    Raises:
        InputError: a saved model without an input, an unknown format, or no training yet.
    """
    opened = open_target(target)
    to = Path(to or "PLOT.png")
    figure = _figure()
    if given is not None:
        if opened.recipe is None:
            raise InputError(f"{target}: was not made by a recipe, so how to draw it is not known")
        answer = opened.answers(**opened.recipe.inputs([given]))
        opened.recipe.draw(figure, given, answer)
    elif isinstance(opened, Run):
        draw_history(figure, opened.folder.read_history(), str(opened.folder.path))
    else:
        raise InputError(f"{target}: a saved model has no history; give an INPUT to draw")
    formats = figure.canvas.get_supported_filetypes()
    if to.suffix.lstrip(".") not in formats:
        raise InputError(f"{to}: unknown picture format; expected one of {', '.join(formats)}")
    try:
        figure.savefig(to, dpi=150, bbox_inches="tight")
    except OSError as error:
        raise InputError(f"{to}: cannot be written: {error.strerror}") from error
    return to


def _figure():
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError("drawing needs matplotlib: pip install rnn-zoo[plot]") from None
    return Figure(figsize=(7, 5))
