"""A Keras 3 / TensorFlow zoo of recurrent networks.

>>> import zoo
>>> "attention_n_to_m" in zoo.list_models()
True
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

from zoo.version import __version__ as __version__

if TYPE_CHECKING:
    from zoo.errors import InputError as InputError
    from zoo.serving.saved_model import load as load
    from zoo.topologies import build as build
    from zoo.topologies import list_models as list_models

# Keras reads it once, at its first import; the zoo is for TensorFlow alone.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

# Looked up when first used: TensorFlow takes seconds to import, and `zoo --help` needs none of it.
_PUBLIC = {
    "build": "zoo.topologies",
    "list_models": "zoo.topologies",
    "load": "zoo.serving.saved_model",
    "InputError": "zoo.errors",
}

# The rooms, as attributes: `zoo.training.TokenNats` imports `zoo.training` when it is used.
_ROOMS = (
    "attention",
    "audio",
    "cells",
    "decoding",
    "images",
    "recurrence",
    "references",
    "serving",
    "signatures",
    "text",
    "topologies",
    "training",
    "tuning",
)

__all__ = ["InputError", "__version__", "build", "list_models", "load"]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"zoo.{name}")
    raise AttributeError(f"module 'zoo' has no attribute {name!r}")
