"""One loaded version of a model and its signatures."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.serving import batching_parameters
from zoo.serving.op_libraries import load_op_libraries
from zoo.serving.saved_model_files import op_libraries, public_signatures, read_meta_graph
from zoo.serving.status import Code, ServingError, from_tensorflow, invalid
from zoo.serving.tensors import to_array
from zoo.serving.warmup import read_warmup

DEFAULT_SIGNATURE = "serving_default"
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Slot:
    """One named tensor of a signature: its type, and its shape with None for what may vary."""

    dtype: Any
    shape: tuple[int | None, ...] | None

    @classmethod
    def of(cls, info) -> "Slot":
        import tensorflow as tf

        shape = None
        if not info.tensor_shape.unknown_rank:
            shape = tuple(d.size if d.size >= 0 else None for d in info.tensor_shape.dim)
        return cls(tf.dtypes.as_dtype(info.dtype), shape)

    def __str__(self) -> str:
        sizes = "?" if self.shape is None else ", ".join(str(s or "any") for s in self.shape)
        return f"{self.dtype.name}[{sizes}]"

    def has_rows(self) -> bool:
        """Says whether the first dimension is a batch of any size."""
        return bool(self.shape) and self.shape[0] is None

    def check(self, name: str, array: np.ndarray) -> None:
        """Raises where `array` cannot be fed into this slot."""
        import tensorflow as tf

        dtype = tf.string if array.dtype == object else tf.dtypes.as_dtype(array.dtype)
        if dtype != self.dtype:
            raise invalid(f"input {name!r} must be {self}, but it is {dtype.name}")
        fits = self.shape is None or (
            len(self.shape) == array.ndim
            and all(w is None or w == g for w, g in zip(self.shape, array.shape, strict=True))
        )
        if not fits:
            raise invalid(f"input {name!r} must be {self}, but its shape is {list(array.shape)}")


@dataclass(eq=False)
class Signature:
    """A callable of a SavedModel: named tensors in, named tensors out.

    Args:
        name: Its key in the SavedModel.
        definition: Its SignatureDef.
        function: The loaded ConcreteFunction.
    """

    name: str
    definition: Any
    function: Any
    inputs: dict[str, Slot] = field(init=False)
    outputs: dict[str, Slot] = field(init=False)
    defaults: dict[str, np.ndarray] = field(init=False)

    def __post_init__(self):
        import tensorflow as tf

        self.inputs = {k: Slot.of(v) for k, v in sorted(self.definition.inputs.items())}
        self.outputs = {k: Slot.of(v) for k, v in sorted(self.definition.outputs.items())}
        self.defaults = {k: tf.make_ndarray(v) for k, v in self.definition.defaults.items()}

    def complete(self, given: Arrays, most_rows: float = math.inf) -> dict[str, np.ndarray]:
        """Checks a request's inputs and puts in the defaults of those left out.

        A default of one row stands for every row of the request.

        Args:
            given: The inputs of the request by name.
            most_rows: The most rows that it may have.

        Raises:
            ServingError: INVALID_ARGUMENT, with the name and what would be right.
        """
        extra = sorted(set(given) - set(self.inputs))
        missing = sorted(set(self.inputs) - set(given) - set(self.defaults))
        if extra or missing:
            raise invalid(
                f"inputs do not match signature {self.name!r}. Sent extra: {{{','.join(extra)}}}. "
                f"Missing but required: {{{','.join(missing)}}}."
            )
        for name, array in given.items():
            self.inputs[name].check(name, array)
            if self.inputs[name].has_rows() and len(array) > most_rows:
                raise invalid(
                    f"input {name!r} has {len(array)} rows; a request may have {most_rows}"
                )
        rows = self._rows(given)
        filled = dict(given)
        for name in set(self.inputs) - set(given):
            default = self.defaults[name]
            if self.inputs[name].has_rows() and default.shape[:1] == (1,) and rows is not None:
                default = np.repeat(default, rows, axis=0)
            filled[name] = default
        return filled

    def _rows(self, given: Arrays) -> int | None:
        rows = {len(array) for name, array in given.items() if self.inputs[name].has_rows()}
        return rows.pop() if len(rows) == 1 else None

    def batchable(self) -> bool:
        """Says whether rows of several requests may go through in one call."""
        return any(slot.has_rows() for slot in self.inputs.values()) and all(
            slot.has_rows() for slot in self.outputs.values()
        )

    def run(self, inputs: Arrays) -> dict[str, np.ndarray]:
        """Calls the graph with complete inputs.

        Raises:
            ServingError: With TensorFlow's code and a message without stack, node or path.
        """
        import tensorflow as tf

        try:
            tensors = {
                name: tf.constant(array, dtype=self.inputs[name].dtype)
                for name, array in inputs.items()
            }
            outputs = self.function(**tensors)
            return {name: _as_array(tensor) for name, tensor in outputs.items()}
        except (tf.errors.OpError, ValueError, TypeError) as error:
            raise from_tensorflow(error) from None


def _as_array(tensor) -> np.ndarray:
    value = tensor.numpy()
    # A scalar string comes back as bare bytes.
    return value if isinstance(value, np.ndarray) else np.array(value, tensor.dtype.as_numpy_dtype)


class Servable:
    """A version of a model, loaded and ready to answer.

    Args:
        name: The model's name.
        version: Its version number.
        path: The version folder.

    Raises:
        InputError: The folder cannot be loaded, or a warm-up record fails.

    Example:

        servable = Servable("g2p", 1, Path("saved_models/g2p/1"))
        servable.signature("serving_default").run({"text": np.array([b"hello"], object)})
    """

    def __init__(self, name: str, version: int, path: Path):
        import tensorflow as tf

        self.name = name
        self.version = version
        load_op_libraries(op_libraries(path))
        meta_graph = read_meta_graph(path)
        # None: requests for this model are not put together.
        self.batching = batching_parameters.read(path)
        try:
            # Its functions live as long as this object does.
            self._loaded = tf.saved_model.load(str(path), tags=["serve"])
        except Exception as error:
            raise InputError(f"cannot load it: {from_tensorflow(error).message}") from None
        self.signatures = {
            key: Signature(key, definition, self._loaded.signatures[key])
            for key, definition in public_signatures(meta_graph).items()
            if key in self._loaded.signatures
        }
        self._warm_up(path)

    def signature(self, name: str) -> Signature:
        """Returns a signature; an empty name means "serving_default".

        Raises:
            ServingError: FAILED_PRECONDITION where there is none, as TensorFlow Serving answers.
        """
        name = name or DEFAULT_SIGNATURE
        if name not in self.signatures:
            known = ", ".join(sorted(self.signatures))
            raise ServingError(
                Code.FAILED_PRECONDITION,
                f'Serving signature key "{name}" not found. The model has: {known}.',
            )
        return self.signatures[name]

    def _warm_up(self, path: Path) -> None:
        for request in read_warmup(path):
            try:
                signature = self.signature(request.model_spec.signature_name)
                inputs = {k: to_array(v, k, math.inf) for k, v in request.inputs.items()}
                signature.run(signature.complete(inputs))
            except ServingError as error:
                raise InputError(f"a warm-up request fails: {error.message}") from None
