"""TensorFlow Serving's JSON: rows ("instances") and columns ("inputs"), there and back.

The formats are those of https://www.tensorflow.org/tfx/serving/api_rest.
"""

import base64
import binascii
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from zoo.serving.servable import Signature, Slot
from zoo.serving.status import invalid


def parse_body(body: bytes) -> dict[str, Any]:
    """Reads a request's body; NaN and Infinity are numbers here, as in TensorFlow Serving.

    Raises:
        ServingError: INVALID_ARGUMENT where it is no JSON object.

    Example:

    >>> parse_body(b'{"instances": [1.0]}')
    {'instances': [1.0]}
    """
    try:
        document = json.loads(body.decode("utf-8"))
    except RecursionError:
        raise invalid("JSON Parse error: nested too deeply") from None
    except ValueError as error:
        raise invalid(f"JSON Parse error: {error}") from None
    if not isinstance(document, dict):
        raise invalid("JSON Value is not an object")
    if b"\\ud" in body or b"\\uD" in body:
        # The only strings of JSON that are no UTF-8: half of a surrogate pair.
        try:
            json.dumps(document, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise invalid("JSON Parse error: half of a surrogate pair") from None
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid("'signature_name' key must be a string value")
    return document


def read_inputs(document: Mapping[str, Any], signature: Signature) -> tuple[dict, bool]:
    """Reads the tensors of a predict request.

    Args:
        document: The parsed body; it has "instances" or "inputs".
        signature: What will be called; its types decide how values are read.

    Returns:
        ({input name: array}, whether the request was in rows). An input with a default may be left
        out (in rows: of every row).

    Raises:
        ServingError: INVALID_ARGUMENT; the message names the input and what was expected.
    """
    if "instances" in document and "inputs" in document:
        raise invalid("expected only one of 'inputs' or 'instances' keys")
    if "instances" in document:
        return _read_rows(document["instances"], signature), True
    if "inputs" in document:
        return _read_columns(document["inputs"], signature), False
    raise invalid("Missing 'inputs' or 'instances' key")


def _is_base64(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def _single_input(signature: Signature, key: str) -> str:
    required = [name for name in signature.inputs if name not in signature.defaults]
    names = required if len(required) == 1 else list(signature.inputs)
    if len(names) != 1:
        raise invalid(f"{key} is a plain value, but the inputs are named: {', '.join(names)}")
    return names[0]


def _read_columns(value: Any, signature: Signature) -> dict[str, np.ndarray]:
    if not isinstance(value, dict) or _is_base64(value):
        name = _single_input(signature, "inputs")
        return {name: read_tensor(value, signature.inputs[name], name)}
    return {
        name: read_tensor(column, _slot(signature, name), name) for name, column in value.items()
    }


def _read_rows(rows: Any, signature: Signature) -> dict[str, np.ndarray]:
    if not isinstance(rows, list) or not rows:
        raise invalid("'instances' must be a list with at least one element")
    if not isinstance(rows[0], dict) or _is_base64(rows[0]):
        name = _single_input(signature, "instances")
        if any(isinstance(row, dict) and not _is_base64(row) for row in rows):
            raise invalid("expected a value or list in 'instances' but got an object")
        return {name: read_tensor(rows, signature.inputs[name], name)}
    names = rows[0].keys() if isinstance(rows[0], dict) else ()
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or row.keys() != names:
            raise invalid(
                f"element {number} of 'instances' must be an object with the keys of element 0: "
                f"{', '.join(sorted(names))}"
            )
    return {
        name: read_tensor([row[name] for row in rows], _slot(signature, name), name)
        for name in names
    }


def _slot(signature: Signature, name: str) -> Slot:
    if name not in signature.inputs:
        raise invalid(f"there is no input {name!r}; the inputs are: {', '.join(signature.inputs)}")
    return signature.inputs[name]


def read_tensor(value: Any, slot: Slot, name: str) -> np.ndarray:
    """Reads nested lists into an array of a slot's type; the nesting gives the shape.

    Raises:
        ServingError: INVALID_ARGUMENT for a value of another type, one that the type cannot hold,
            or lists of unequal lengths.
    """
    shape = []
    inner = value
    while isinstance(inner, list):
        shape.append(len(inner))
        if len(shape) > 32:
            raise invalid(f"input {name!r} is nested too deeply")
        inner = inner[0] if inner else None
    flat: list[Any] = []
    _flatten(value, shape, 0, flat, name)
    if flat:
        _check_values(flat, slot, name)
    if slot.dtype.name == "string":
        array = np.empty(len(flat), dtype=object)
        array[:] = [_read_bytes(v, name) for v in flat]
        return array.reshape(shape)
    return np.array(flat, dtype=slot.dtype.as_numpy_dtype).reshape(shape)


def _flatten(value: Any, shape: list[int], level: int, flat: list, name: str) -> None:
    if level == len(shape):
        if isinstance(value, list):
            raise invalid(f"input {name!r}: lists are nested to different depths")
        flat.append(value)
        return
    if not isinstance(value, list) or len(value) != shape[level]:
        got = f"a list of {len(value)}" if isinstance(value, list) else "a value"
        raise invalid(f"input {name!r}: expected a list of {shape[level]} but got {got}")
    if level == len(shape) - 1 and not any(isinstance(v, list) for v in value):
        flat.extend(value)
        return
    for item in value:
        _flatten(item, shape, level + 1, flat, name)


def _check_values(flat: list, slot: Slot, name: str) -> None:
    dtype = slot.dtype
    if dtype.is_floating:
        allowed: tuple[type, ...] = (float, int)
    elif dtype.is_integer:
        allowed = (int,)
    elif dtype.is_bool:
        allowed = (bool,)
    elif dtype.name == "string":
        allowed = (str, dict)
    else:
        raise invalid(f"input {name!r} is {dtype.name}, which JSON cannot carry")
    wrong = set(map(type, flat)) - set(allowed)
    if wrong:
        kinds = ", ".join(sorted(kind.__name__ for kind in wrong))
        raise invalid(f"input {name!r} must be {slot}, but it holds JSON values of type {kinds}")
    if dtype.is_integer and (min(flat) < dtype.min or max(flat) > dtype.max):
        raise invalid(f"input {name!r} holds a number that does not fit {dtype.name}")
    if dtype.is_floating:
        largest = float(dtype.max)
        if any(abs(v) > largest and v not in (math.inf, -math.inf) for v in flat):
            raise invalid(f"input {name!r} holds a number that does not fit {dtype.name}")


def _read_bytes(value: str | dict, name: str) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8")
    if not _is_base64(value):
        raise invalid(f"input {name!r}: an object must be {{'b64': <base64 string>}}")
    try:
        return base64.b64decode(value["b64"], validate=True)
    except (binascii.Error, ValueError):
        raise invalid(f"input {name!r}: unable to base64 decode") from None


def write_outputs(outputs: Mapping[str, np.ndarray], in_rows: bool) -> bytes:
    """Writes the answer to a predict request in the format in which the request came.

    Args:
        outputs: {name: array}, at least one.
        in_rows: Rows under "predictions" where true; else columns under "outputs". A single output
            goes without its name.

    Returns:
        The JSON text. Tensors whose name ends in "_bytes" are base64 objects; so are byte strings
        that are not UTF-8, which JSON could not hold.

    Raises:
        ServingError: INVALID_ARGUMENT where rows are asked for and the outputs have no common
            number of them.

    Example:

    >>> write_outputs({"y": np.array([1.5, 2.0], np.float32)}, in_rows=True)
    b'{"predictions": [1.5, 2.0]}'
    """
    if in_rows:
        sizes = {array.shape[0] if array.ndim else -1 for array in outputs.values()}
        if len(sizes) != 1 or -1 in sizes:
            raise invalid("the outputs have no common batch size; use the columnar format 'inputs'")
    columns = {name: write_tensor(array, name) for name, array in sorted(outputs.items())}
    if len(columns) == 1:
        answer = next(iter(columns.values()))
    elif in_rows:
        names = list(columns)
        answer = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    else:
        answer = columns
    return json.dumps({"predictions" if in_rows else "outputs": answer}).encode()


def write_tensor(array: np.ndarray, name: str) -> Any:
    """Turns an array into nested lists of JSON values; a float32 is written with its own digits."""
    if array.dtype == object:
        as_base64 = name.endswith("_bytes")
        flat = [_write_bytes(value, as_base64) for value in array.ravel().tolist()]
    elif array.dtype == np.float32:
        # float(0.1f) would print 0.10000000149011612; the shortest digits that give the same
        # float32 back are what str() of the NumPy scalar has.
        flat = [float(text) for text in array.ravel().astype("U32").tolist()]
    elif array.dtype.kind in "fiub":
        flat = array.ravel().tolist()
    else:
        flat = array.astype(np.float32).ravel().tolist()  # bfloat16
    return _nest(flat, array.shape)


def _nest(flat: list, shape: tuple[int, ...]) -> Any:
    if not shape:
        return flat[0]
    for size in reversed(shape[1:]):
        count = math.prod(shape) and len(flat) // size
        flat = [flat[i * size : (i + 1) * size] for i in range(count)]
    return flat if math.prod(shape) else np.empty(shape).tolist()


def _write_bytes(value: bytes, as_base64: bool) -> Any:
    if not as_base64:
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return {"b64": base64.b64encode(value).decode()}
