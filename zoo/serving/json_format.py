"""TensorFlow Serving's JSON: rows ("instances") and columns ("inputs"), there and back.

The formats are those of https://www.tensorflow.org/tfx/serving/api_rest; what is taken and what is
refused, and the words in which, follow util/json_tensor.cc of TensorFlow Serving.
"""

import base64
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from zoo.serving.base64_text import decode_base64
from zoo.serving.json_parser import encode_text, kind_of, text_of
from zoo.serving.servable import Signature, Slot
from zoo.serving.status import Code, ServingError, invalid

# Names of types as TensorFlow prints them, where they differ from NumPy's.
_TYPE_NAMES = {"float32": "float", "float64": "double", "float16": "half"}
# The integers of JSON that each type takes. The narrow ones take any 32 bits, and keep the lowest.
_INTEGERS = {
    **dict.fromkeys(("int8", "uint8", "int16", "int32"), np.int32),
    "int64": np.int64,
    "uint32": np.uint32,
    "uint64": np.uint64,
}
_FLOATS = ("float32", "float64")
# The most dimensions of a NumPy array; TensorFlow itself stops at 254.
_MOST_DIMENSIONS = 64


def read_inputs(document: Mapping[str, Any], signature: Signature) -> tuple[dict, bool]:
    """Reads the tensors of a predict request.

    Args:
        document: The parsed body; it has "instances" or "inputs".
        signature: What will be called; its types decide how values are read.

    Returns:
        ({input name: array}, whether the request was in rows). There is an array for each input of
        the signature: over REST, nothing is filled in for what is left out.

    Raises:
        ServingError: INVALID_ARGUMENT; UNIMPLEMENTED for a type that JSON cannot carry.
    """
    if not signature.inputs:
        raise invalid(f"Failed to get input map for signature: {signature.name}")
    if "instances" in document:
        if "inputs" in document:
            raise invalid(
                "Not formatted correctly expecting only one of 'inputs' or 'instances' keys "
                "to exist"
            )
        return _read_rows(document["instances"], signature), True
    if "inputs" in document:
        return _read_columns(document["inputs"], signature), False
    raise invalid("Missing 'inputs' or 'instances' key")


def is_base64(value: Any) -> bool:
    """Says whether a JSON value stands for bytes: an object of "b64" alone, with a string."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not is_base64(value)


def _read_columns(value: Any, signature: Signature) -> dict[str, np.ndarray]:
    if not _is_object(value):
        if len(signature.inputs) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple input tensors "
                "required as per tensorinfo_map"
            )
        value = {next(iter(signature.inputs)): value}
    # What the signature does not name is not looked at.
    columns = {}
    for name, slot in signature.inputs.items():
        if name not in value:
            raise invalid(f"Missing named input: {name} in 'inputs' object.")
        columns[name] = read_tensor(value[name], slot, name)
    return columns


def _read_rows(rows: Any, signature: Signature) -> dict[str, np.ndarray]:
    if not isinstance(rows, list):
        raise invalid(f"JSON Value: {text_of(rows)} Excepting 'instances' to be an list/array")
    if not rows:
        raise invalid("No values in 'instances' array")
    inputs = signature.inputs
    named = _is_object(rows[0])
    if not named and len(inputs) > 1:
        raise invalid(
            "instances is a plain list, but expecting list of objects as multiple input tensors "
            "required as per tensorinfo_map"
        )
    for number, row in enumerate(rows):
        if _is_object(row) != named:
            what = "object but got list" if named else "value/list but got object"
            raise invalid(f"Expecting {what} at item {number} of input list")
        if named and row.keys() != inputs.keys():
            _refuse_keys(number, row, signature)
    if named:
        columns = {name: [row[name] for row in rows] for name in inputs}
    else:
        columns = {next(iter(inputs)): rows}
    tensors = {}
    for name, column in columns.items():
        try:
            tensors[name] = read_tensor(column, inputs[name], name)
        except ServingError as error:
            _refuse_row(column, inputs[name], name, named)
            raise error  # unreachable where rows and columns are read alike
    return tensors


def _refuse_keys(number: int, row: dict, signature: Signature) -> None:
    place = f"Failed to process element: {number}"
    for name in row:
        if name not in signature.inputs:
            shown = encode_text(name).decode(errors="replace")
            raise invalid(
                f"{place} key: {shown} of 'instances' list. Error: INVALID_ARGUMENT: JSON object: "
                f"does not have named input: {shown}"
            )
    raise invalid(
        f"{place} of 'instances' list. JSON object: {text_of(row)} keys must be equal to: "
        f"{','.join(signature.inputs)}"
    )


def _refuse_row(column: list, slot: Slot, name: str, named: bool) -> None:
    """Reads row by row what cannot be read as a whole, to say which row it is."""
    expected = None
    for number, value in enumerate(column):
        try:
            shape = read_tensor(value, slot, name).shape
            if expected is None:
                expected = shape
            elif math.prod(shape) != math.prod(expected):
                raise invalid(
                    f"Expecting tensor size: {math.prod(expected)} but got: {math.prod(shape)}"
                )
            elif shape != expected:
                raise invalid(f"Expecting shape {_shape(expected)} but got: {_shape(shape)}")
        except ServingError as error:
            key = f" key: {name}" if named else ""
            place = f"Failed to process element: {number}{key} of 'instances' list. Error:"
            raise ServingError(error.code, f"{place} {error}") from None


def _shape(sizes: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, sizes))}]"


def read_tensor(value: Any, slot: Slot, name: str) -> np.ndarray:
    """Reads nested lists into an array of a slot's type.

    The lengths of the first list of each depth are the shape.

    Raises:
        ServingError: INVALID_ARGUMENT for a value of another type, an integer that the type cannot
            hold, or lists of unequal lengths; UNIMPLEMENTED for a type that JSON cannot carry.
    """
    shape: list[int] = []
    inner = value
    while isinstance(inner, list):
        shape.append(len(inner))
        inner = inner[0] if inner else None
    if len(shape) > _MOST_DIMENSIONS:
        raise invalid(f"tensor parsing error: {name} has {len(shape)} dimensions")
    flat: list[Any] = []
    _flatten(value, shape, 0, flat)
    if not flat:
        return np.empty(shape, slot.dtype.as_numpy_dtype)
    return _convert(flat, slot.dtype.name).reshape(shape)


def _flatten(value: Any, shape: list[int], level: int, flat: list) -> None:
    rank = len(shape)
    if not isinstance(value, list):
        if level != rank:
            raise invalid(
                f"JSON Value: {text_of(value)} found at incorrect level: {level + 1} in the JSON "
                f"DOM. Expected at level: {rank}"
            )
        flat.append(value)
        return
    if level >= rank:
        raise invalid(f"Encountered list at unexpected level: {level} expected < {rank}")
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} "
            f"expected size: {shape[level]}"
        )
    if level == rank - 1 and list not in set(map(type, value)):
        flat.extend(value)
        return
    for item in value:
        _flatten(item, shape, level + 1, flat)


def _convert(flat: list, dtype: str) -> np.ndarray:
    kinds = set(map(type, flat))
    if dtype == "string":
        array = np.empty(len(flat), dtype=object)
        array[:] = list(map(encode_text if kinds <= {str} else _read_bytes, flat))
        return array
    if dtype in _FLOATS:
        if kinds <= {int, float}:
            # A number beyond float32 is infinite.
            with np.errstate(over="ignore"):
                return np.array(flat, np.float64).astype(dtype)
    elif dtype in _INTEGERS:
        carrier = _INTEGERS[dtype]
        least, most = np.iinfo(carrier).min, np.iinfo(carrier).max
        if kinds <= {int} and least <= min(flat) and max(flat) <= most:
            return np.array(flat, carrier).astype(dtype)
        flat = [v for v in flat if type(v) is not int or not least <= v <= most]
    elif dtype == "bool":
        if kinds <= {bool}:
            return np.array(flat, bool)
    else:
        kind = _TYPE_NAMES.get(dtype, dtype)
        raise ServingError(
            Code.UNIMPLEMENTED, f"Conversion of JSON Value: {text_of(flat[0])} to type: {kind}"
        )
    allowed = (int, float) if dtype in _FLOATS else (bool,) if dtype == "bool" else ()
    raise _wrong_type(next(v for v in flat if type(v) not in allowed), dtype)


def _wrong_type(value: Any, dtype: str) -> ServingError:
    return invalid(
        f"JSON Value: {text_of(value)} Type: {kind_of(value)} is not of expected type: "
        f"{_TYPE_NAMES.get(dtype, dtype)}"
    )


def _read_bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return encode_text(value)
    if not isinstance(value, dict):
        raise _wrong_type(value, "string")
    if not is_base64(value):
        raise invalid(f"JSON Value: {text_of(value)} not formatted correctly for base64 data")
    decoded = decode_base64(value["b64"])
    if decoded is None:
        raise invalid("Unable to base64 decode")
    return decoded


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
            number of them, or for a type that JSON cannot carry.

    Example:

    >>> write_outputs({"y": np.array([1.5, 2.0], np.float32)}, in_rows=True)
    b'{"predictions": [1.5, 2.0]}'
    """
    if in_rows:
        _check_rows(outputs)
    for array in outputs.values():
        if array.size and array.dtype.name not in (*_FLOATS, *_INTEGERS, "object", "bool"):
            kind = _TYPE_NAMES.get(array.dtype.name, array.dtype.name)
            raise invalid(f"Failed to write JSON value for tensor type: {kind}")
    columns = {name: write_tensor(array, name) for name, array in sorted(outputs.items())}
    if len(columns) == 1:
        answer = next(iter(columns.values()))
    elif in_rows:
        names = list(columns)
        answer = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    else:
        answer = columns
    return json.dumps({"predictions" if in_rows else "outputs": answer}).encode()


def _check_rows(outputs: Mapping[str, np.ndarray]) -> None:
    rows = None
    for name, array in sorted(outputs.items()):
        if not array.ndim:
            raise invalid(f"Tensor name: {name} has no shape information ")
        if rows is not None and len(array) != rows:
            raise invalid(
                f"Tensor name: {name} has inconsistent batch size: {len(array)} expecting: {rows}"
            )
        rows = len(array)


def write_tensor(array: np.ndarray, name: str) -> Any:
    """Turns an array into nested lists of JSON values.

    A float32 is written with six digits where they name it, and else with nine, as in TensorFlow
    Serving: whoever reads the number as float64 gets the same bits from both.
    """
    if array.dtype == object:
        as_base64 = name.endswith("_bytes")
        flat = [_write_bytes(value, as_base64) for value in array.ravel().tolist()]
    elif array.dtype == np.float32:
        flat = _shortened(array.ravel())
    else:
        flat = array.ravel().tolist()
    return _nest(flat, array.shape)


def _shortened(array: np.ndarray) -> list[float]:
    values = array.tolist()
    short = [float(f"{value:.6g}") for value in values]
    with np.errstate(over="ignore"):
        same = np.array(short, np.float64).astype(np.float32) == array
    for index in np.flatnonzero(~same & np.isfinite(array)).tolist():
        short[index] = float(f"{values[index]:.9g}")
    return short


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
