"""A saved model, ready to call."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import InputError, unknown_name
from zoo.references.saved_models import find
from zoo.signature_names import taking


class SavedModel:
    """One version of a saved model.

    Args:
        path: The version folder.

    Raises:
        InputError: It cannot be loaded.

    Example:

        model = zoo.load("g2p")
        model(["photograph"])["text"]              # array([b'f ow t ah g r ae f'], dtype=object)
        model(["photograph"], length_penalty=0.5)["n_best"]
    """

    def __init__(self, path: Path):
        from zoo.serving.servable import Servable

        self.path = Path(path)
        version = int(self.path.name) if self.path.name.isdecimal() else 0
        self._servable = Servable(self.path.parent.name, version, self.path)

    @property
    def signatures(self) -> list[str]:
        """The names of its signatures."""
        return sorted(self._servable.signatures)

    def inputs(self, signature: str = "serving_default") -> dict[str, Any]:
        """Returns dtype and shape of a signature's inputs by name."""
        return self._signature(signature).inputs

    def __call__(
        self, *rows: Sequence, signature: str = "serving_default", **inputs: Any
    ) -> dict[str, np.ndarray]:
        """Runs a signature.

        Args:
            *rows: The inputs that have no default, in the order of their names.
            signature: Defaults to "serving_default".
            **inputs: Inputs by name. A single value for a setting stands for every row. Settings
                are inputs of the signature that takes them too; it is chosen by itself.

        Returns:
            Arrays by output name; strings are bytes in UTF-8.

        Raises:
            InputError: An unknown signature or input, or a value that does not fit.
        """
        from zoo.serving.status import ServingError

        taken = {name: one.inputs for name, one in self._servable.signatures.items()}
        signature = taking(signature, inputs, taken)
        chosen = self._signature(signature)
        required = [name for name in chosen.inputs if name not in chosen.defaults]
        given = dict(zip(required, rows, strict=False)) | inputs
        for name in given:
            if name not in chosen.inputs:
                raise unknown_name(f"input of signature {signature!r}", name, chosen.inputs)
        if len(rows) > len(required):
            raise InputError(f"{len(rows)} inputs given; signature {signature!r} takes {required}")
        arrays = {name: _array(name, value, chosen.inputs[name]) for name, value in given.items()}
        try:
            return chosen.run(chosen.complete(arrays))
        except ServingError as error:
            # Some models answer no rows with none; others fail deep in their graph.
            for name, array in arrays.items():
                if array.shape[:1] == (0,):
                    raise InputError(f"input {name} has no rows; expected one or more") from error
            raise InputError(f"{self.path}: {error.message}") from error

    def _signature(self, name: str):
        if name not in self._servable.signatures:
            raise unknown_name("signature", name, self._servable.signatures)
        return self._servable.signatures[name]


def _array(name, value, slot) -> np.ndarray:
    dtype = slot.dtype.as_numpy_dtype
    try:
        array = np.asarray(value, dtype=object if slot.dtype.name == "string" else dtype)
    except (TypeError, ValueError):
        raise InputError(f"input {name}={value!r}: expected {slot}") from None
    if slot.dtype.name == "string":
        encoded = [x.encode() if isinstance(x, str) else x for x in array.ravel()]
        array = np.array([*encoded, None], dtype=object)[:-1].reshape(array.shape)
    if array.ndim == 0 and slot.has_rows():
        array = array[None]
    return array


def load(name_or_path: str | Path) -> SavedModel:
    """Loads the newest version of a saved model by name, or the one at a path."""
    return SavedModel(find(name_or_path))
