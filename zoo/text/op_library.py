"""TF Text, imported where a model needs its ops and not before."""

from types import ModuleType

from zoo.errors import InputError

OP_LIBRARY = "tensorflow_text"


def text_ops() -> ModuleType:
    """Returns the module `tensorflow_text`, whose import registers its ops.

    Raises:
        InputError: the package is not installed; the line says how to get it.
    """
    try:
        import tensorflow_text
    except ImportError:
        raise InputError(
            "text is read by the package tensorflow-text, which is missing; install it with "
            "pip install tensorflow-text==2.21.1 (for Linux and macOS on arm64; Windows has none)"
        ) from None
    return tensorflow_text
