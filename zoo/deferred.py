"""TensorFlow and Keras, imported when one of their names is first used.

TensorFlow takes seconds to import. Who lists the recipes or asks for help needs none of it, so a
module that only uses it inside functions takes it from here:

>>> from zoo.deferred import tf
>>> tf.constant(1).dtype.name
'int32'
"""

import importlib
import types
from typing import TYPE_CHECKING, Any


class DeferredModule(types.ModuleType):
    """Stands for a module until one of its names is asked for.

    Args:
        name: full name of the module.
    """

    def __getattr__(self, name: str) -> Any:
        found = getattr(importlib.import_module(self.__name__), name)
        # Kept, so that the next use costs what an attribute costs.
        setattr(self, name, found)
        return found


if TYPE_CHECKING:
    import keras
    import tensorflow as tf
else:
    keras = DeferredModule("keras")
    tf = DeferredModule("tensorflow")
