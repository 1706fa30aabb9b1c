"""Pictures: the curves of a run, what a model looks at when it answers, how it is built."""

from collections.abc import Mapping
from pathlib import Path

from recipes.drawings.alignment import draw as draw_aligned
from recipes.drawings.figures import draw_history
from recipes.families.text_to_text import TextToTextRecipe
from recipes.settings import plain_settings
from recipes.workbench.alignment import alignment_of
from recipes.workbench.opening import open_target, predict
from recipes.workbench.run import Run
from zoo.errors import InputError
from zoo.topologies import list_models
from zoo.topologies.drawings import draw_model, save, typed_settings


def plot(
    target: str,
    given: str | None = None,
    to: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> Path:
    """Draws the training curves of a run, what its model does with an input, or a topology.

    Args:
        target: A run folder, a saved model, or a name of `zoo.list_models()`, of which the
            structure is drawn. What is a folder here is taken as that.
        given: An input; without one the curves of the run are drawn.
        to: The picture, or another file that the recipe writes (a score as MIDI); its ending says
            the format. Defaults to PLOT.png in this folder.
        settings: As text: of a topology, or the other inputs of the signature that answers.

    Raises:
        InputError: a saved model without an input, an unknown format, no training yet, or settings
            that the topology does not take.
    """
    to = Path(to or "PLOT.png")
    if target in list_models() and not Path(target).exists():
        if given is not None:
            raise InputError(f"{target}: the drawing of a model takes no INPUT; got {given!r}")
        save(draw_model(target, **typed_settings(target, settings or {})), to)
        return to
    if settings and given is None:
        raise InputError(f"{target}: --set goes with an INPUT, or with a name of `zoo list models`")
    opened = open_target(target)
    figure = _figure()
    if given is not None:
        if opened.recipe is None:
            raise InputError(f"{target}: was not made by a recipe, so how to draw it is not known")
        typed = plain_settings(settings or {})
        if isinstance(opened, Run) and isinstance(opened.recipe, TextToTextRecipe):
            # A run folder knows its pieces of words; a saved model says only what they make up.
            draw_aligned(figure, alignment_of(opened, given, **typed))
        else:
            answer = predict(opened, [given], settings=typed)
            if opened.recipe.write(to, given, answer):
                return to
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
