"""The op libraries that a saved model may ask for."""

import importlib
from collections.abc import Iterable

from zoo.errors import InputError

# Serving's stock binary links exactly this one besides core TensorFlow. A saved model may come
# from a stranger, and importing a module runs it: no other name is ever imported.
KNOWN_OP_LIBRARIES = ("tensorflow_text",)


def check_op_libraries(names: Iterable[str]) -> None:
    """Raises `InputError` for a name that is not among `KNOWN_OP_LIBRARIES`."""
    for name in names:
        if name not in KNOWN_OP_LIBRARIES:
            raise InputError(
                f"TensorFlow Serving has no op library {name!r}; "
                f"it has {', '.join(KNOWN_OP_LIBRARIES)}"
            )


def load_op_libraries(names: Iterable[str]) -> None:
    """Registers the ops of the named libraries in this process.

    Raises:
        InputError: A name that is not known, or a package that is not installed.

    Example:

        load_op_libraries(["tensorflow_text"])
    """
    names = list(names)
    check_op_libraries(names)
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError:
            raise InputError(
                f"the model reads text by the package {name}, which is missing: pip install "
                f"tensorflow-text==2.21.1 (for Linux, and macOS on arm64; Windows has none)"
            ) from None
