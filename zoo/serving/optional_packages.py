"""Imports of what comes with the `serve` extra, with one clear line where it is missing."""

import importlib
from types import ModuleType

from zoo.errors import InputError


def load(module: str, needed_for: str) -> ModuleType:
    """Imports a module of the `serve` extra.

    Args:
        module: Its dotted name.
        needed_for: What cannot be done without it, for the message: "the embedded server".

    Returns:
        The module.

    Raises:
        InputError: It is not installed; the line says what to install.

    Example:

    >>> load("json", "reading").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as missing:
        raise InputError(
            f"{needed_for} needs the package of {missing.name!r}: pip install rnn-zoo[serve]"
        ) from None


def load_api(name: str, needed_for: str) -> ModuleType:
    """Imports one module of `tensorflow_serving.apis`, such as "predict_pb2"."""
    return load(f"tensorflow_serving.apis.{name}", needed_for)
