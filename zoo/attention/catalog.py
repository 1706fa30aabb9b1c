"""Attentions by name."""

import inspect
from typing import Any

from zoo.attention.base import Attention
from zoo.errors import InputError, unknown_name
from zoo.registry import Registry

attentions: Registry[type[Attention]] = Registry("attention")

# What Keras itself takes for any layer.
_LAYER_SETTINGS = ("name", "dtype", "trainable")


def names(pattern: str = "*") -> list[str]:
    """Returns the names of all attentions that match a shell pattern, sorted.

    Example:

    >>> names("*dot")
    ['dot', 'scaled_dot']
    """
    return attentions.names(pattern)


def get(name_or_object: str | Attention, units: int | None = None, **settings: Any) -> Attention:
    """Makes an attention from its name; one that is made already is handed back.

    Args:
        name_or_object: One of `names()`, or an `Attention`.
        units: Width of the scoring space. A kind that has none (`dot`, `scaled_dot`, `general`)
            leaves it, so that kinds can be exchanged by name alone.
        **settings: Other settings of the kind, and `name`, `dtype`, `trainable`.

    Returns:
        An `Attention`.

    Raises:
        InputError: The name or a setting is not known, or `units` is missing where the kind needs
            it; the message names what is allowed.

    Example:

    >>> get("local_predictive", units=64, window=3).window
    3
    """
    if isinstance(name_or_object, Attention):
        if settings:
            raise InputError(
                f"settings ({', '.join(sorted(settings))}) go with a name; "
                f"{name_or_object.name!r} is made already"
            )
        return name_or_object
    kind = attentions.get(name_or_object)
    allowed = inspect.signature(kind.__init__).parameters
    known = [name for name in allowed if name not in ("self", "kwargs")]
    for name in settings:
        if name not in known and name not in _LAYER_SETTINGS:
            raise unknown_name(f"setting of {name_or_object!r} attention", name, known)
    if "units" in known:
        if units is None and allowed["units"].default is inspect.Parameter.empty:
            raise InputError(f"{name_or_object!r} attention needs units, a whole number above 0")
        settings["units"] = units
    return kind(**settings)


def check_positive_int(setting: str, value: Any) -> int:
    """Returns the value where it is a whole number above 0, and raises `InputError` elsewhere."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < 1:
        raise InputError(f"{setting} must be a whole number above 0, not {value!r}")
    return value.__index__()
