"""SavedModel export, the embedded server that speaks TensorFlow Serving's protocol, the client.

Importing this package loads neither TensorFlow nor any server part; a name is loaded when it is
first used. What the server and the client need comes with `pip install rnn-zoo[serve]`.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoo.serving.client import Client
    from zoo.serving.export import export_saved_model
    from zoo.serving.graph_check import check_saved_model
    from zoo.serving.saved_model_files import signature_defaults
    from zoo.serving.server import Server, serve
    from zoo.serving.status import Code, ServingError

_HOMES = {
    "Client": "zoo.serving.client",
    "Code": "zoo.serving.status",
    "Server": "zoo.serving.server",
    "ServingError": "zoo.serving.status",
    "check_saved_model": "zoo.serving.graph_check",
    "export_saved_model": "zoo.serving.export",
    "serve": "zoo.serving.server",
    "signature_defaults": "zoo.serving.saved_model_files",
}

__all__ = [
    "Client",
    "Code",
    "Server",
    "ServingError",
    "check_saved_model",
    "export_saved_model",
    "serve",
    "signature_defaults",
]


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
