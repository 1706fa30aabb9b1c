"""From a builder's name and settings to its drawing."""

import ast
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from zoo.errors import unknown_name
from zoo.registry import Registry
from zoo.topologies.drawings.shapes import Drawing
from zoo.topologies.registry import build, builders

drawings: Registry[Callable[[dict], Drawing]] = Registry("drawing")

# What a width is where it must be given: it does not show.
_SIZE = 4
# A builder that reads tokens or numbers is drawn for tokens where nothing is said.
_WORDS = {"true": "True", "false": "False", "none": "None"}
_TOKENS = {"vocabulary_size": _SIZE}


def draw_model(name: str, **settings: Any) -> Drawing:
    """Draws a registered topology with the given settings, the others at their defaults.

    Args:
        name: A name of `zoo.list_models()`.
        **settings: The builder's own; sizes that the builder wants may be left out.

    Returns:
        The drawing; `zoo.topologies.drawings.save` writes it to a file.

    Raises:
        InputError: an unknown name or setting, or settings that the builder refuses.

    Example:

    >>> drawing = draw_model("n_to_one", pooling="max", bidirectional=True)
    >>> [note.text for note in drawing.notes if note.text == "max"]
    ['max']
    """
    given = complete(name, settings)
    # The builder is the one who knows what goes together; small, as widths do not show.
    small = {key: 2 for key in ("units", "embedding_dim") if key in given and key not in settings}
    build(name, **{**given, **small})
    return drawings.get(name)(given)


def typed_settings(name: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """Returns settings of a builder that were given as text as what the builder takes.

    Raises:
        InputError: an unknown name or setting.

    Example:

    >>> typed_settings("n_to_n", {"num_layers": "2", "crf": "true", "cell": "gru"})
    {'num_layers': 2, 'crf': True, 'cell': 'gru'}
    """
    complete(name, dict(texts))
    values = {}
    for setting, text in texts.items():
        try:
            values[setting] = ast.literal_eval(_WORDS.get(text.lower(), text))
        except (ValueError, SyntaxError):
            values[setting] = text
    return values


def complete(name: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Returns all settings of a builder: those given, its defaults, and sizes for the rest."""
    known = inspect.signature(builders.get(name)).parameters
    for setting in settings:
        if setting not in known:
            raise unknown_name(f"setting of model {name!r}", setting, known)
    values = {
        key: _SIZE if parameter.default is parameter.empty else parameter.default
        for key, parameter in known.items()
    }
    values.update(settings)
    if "num_features" in values and values.get("vocabulary_size", 0) is None:
        values.update({} if values["num_features"] else _TOKENS)
    return values
