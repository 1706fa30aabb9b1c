"""The names of the builders, and building by name."""

import functools
import inspect
from collections.abc import Callable

import keras

from zoo.cells import step
from zoo.errors import InputError, unknown_name
from zoo.registry import Registry

builders: Registry[Callable[..., keras.Model]] = Registry("model")


def builder(name: str) -> Callable:
    """Returns a decorator that registers a builder, whose input errors stay one clear line."""

    def decorate(function: Callable[..., keras.Model]) -> Callable[..., keras.Model]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def build_plainly(*args, **kwargs):
            try:
                return function(*args, **_with_units(signature, args, kwargs))
            except InputError as error:
                raise innermost(error) from None

        return builders.register(name)(build_plainly)

    return decorate


def _with_units(signature: inspect.Signature, args: tuple, kwargs: dict) -> dict:
    """Adds `units` where they are not given and a cell object, the last of them, says them."""
    try:
        given = signature.bind_partial(*args, **kwargs).arguments
    except TypeError:
        return kwargs
    cell = given.get("cell")
    if isinstance(cell, (list, tuple)):
        cell = cell[-1] if cell else None
    if "units" in given or "units" not in signature.parameters or not hasattr(cell, "state_size"):
        return kwargs
    return {**kwargs, "units": step.output_size(step.check_cell("cell", cell))}


def innermost(error: InputError) -> InputError:
    """Returns the error that was raised first: Keras wraps it in lines about its own call."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, InputError):
            error = cause
        cause = cause.__cause__ or cause.__context__
    return error


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
