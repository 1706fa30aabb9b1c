"""Which pieces of the source a run's model looks at for each piece that it says."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from recipes.drawings.alignment import Alignment, draw
from recipes.workbench.run import Run
from zoo.errors import InputError
from zoo.text import SPECIAL
from zoo.text.extended_vocabulary import ExtendedVocabulary

PICTURE = "alignment.png"


def alignment_of(run: Run, text: str, **settings: Any) -> Alignment:
    """Answers a text by a run's model, and says what it attended to at each step.

    Args:
        run: run of a recipe of text to text with attention; finished.
        text: The source.
        **settings: The other inputs of the signature "token_ids", by name.

    Raises:
        InputError: the text or the answer is empty, or the model attends to nothing.
    """
    assets = run.assets
    pieces = assets.cut_source.split(tf.constant([text]))
    source = [piece.decode() for piece in pieces[0].numpy()]
    if not source:
        raise InputError(f"{text!r}: nothing is left to read, so there is no alignment to draw")
    ids = assets.source.ids(pieces)
    given = {"source": ids.to_tensor(), "source_length": tf.cast(ids.row_lengths(), tf.int32)}
    words = ExtendedVocabulary(assets.target)
    if getattr(run.model.get_layer("decoder"), "copying", False):
        given["copy_ids"] = words.copy_ids(pieces).to_tensor()
    answer = run.answers("token_ids", **given, **settings)
    said = answer["ids"][0, 0][: answer["lengths"][0, 0]]
    said = tf.RaggedTensor.from_tensor(tf.cast(said[None], tf.int32))
    target = [piece.decode() for piece in words.strings(said, pieces)[0].numpy()]
    target = [piece for piece in target if piece not in SPECIAL]
    if not target:
        raise InputError(f"{text!r}: the answer is empty, so there is no alignment to draw")
    weights = answer["alignment"][0][: len(target), : len(source)]
    if not np.any(weights):
        raise InputError("the model has no attention, so there is no alignment to draw")
    return Alignment(source, target, weights)


def illustrate(run: Run, *folders: Path) -> Alignment | None:
    """Writes alignment.png, what a run's model attends to in its recipe's example, into folders.

    Args:
        run: Finished.
        *folders: Where to; each exists.

    Returns:
        What was drawn; None where the run has no attention over a text.

    Raises:
        InputError: the answer is empty, or matplotlib is missing.
    """
    # A kind of attention is a setting; what reads other things than text has no tokens to name.
    if getattr(run.settings, "attention", "none") == "none" or not hasattr(
        run.assets, "cut_source"
    ):
        return None
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError("drawing needs matplotlib: pip install rnn-zoo[plot]") from None
    alignment = alignment_of(run, run.recipe.example_for(run.settings))
    figure = Figure()
    draw(figure, alignment)
    for folder in folders:
        figure.savefig(Path(folder) / PICTURE, dpi=120, bbox_inches="tight")
    return alignment
