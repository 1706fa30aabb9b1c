"""The names of the builders, and building by name."""

import inspect
from collections.abc import Callable

import keras

from zoo.errors import unknown_name
from zoo.registry import Registry

builders: Registry[Callable[..., keras.Model]] = Registry("model")


def build(name: str, **settings) -> keras.Model:
    """Builds a registered topology.

    Args:
        name: A name of `list_models()`.
        **settings: The builder's own arguments; `zoo list models` and the builder's docstring
            name them.

    Returns:
        A functional model with dict inputs and dict outputs.

    Raises:
        InputError: an unknown name or setting (with the near ones named), or a bad value.
    """
    builder = builders.get(name)
    known = inspect.signature(builder).parameters
    for setting in settings:
        if setting not in known:
            raise unknown_name(f"setting of model {name!r}", setting, known)
    return builder(**settings)


def list_models(pattern: str = "*") -> list[str]:
    """Returns the sorted names of the builders that match a shell pattern."""
    return builders.names(pattern)
