"""TensorProto to array and back, safe against what a stranger may send."""

import math

import numpy as np

from zoo.serving.status import Code, ServingError, invalid

# TensorProto's field of each type; TensorFlow Serving answers in these, and clients read them.
_FIELDS = {
    "float32": "float_val",
    "float64": "double_val",
    "int8": "int_val",
    "int16": "int_val",
    "int32": "int_val",
    "uint8": "int_val",
    "uint16": "int_val",
    "uint32": "uint32_val",
    "int64": "int64_val",
    "uint64": "uint64_val",
    "bool": "bool_val",
    "float16": "half_val",
    "bfloat16": "half_val",
}


# As TensorFlow's own TensorShape has it.
MOST_DIMENSIONS = 254
# NumPy has fewer.
_MOST_OF_NUMPY = 64
# An element of a tensor of strings takes this in TensorFlow, beside its bytes.
_STRING_BYTES = 24


def to_arrays(protos, most_bytes: float) -> dict[str, np.ndarray]:
    """Reads the inputs of a request, which together may take `most_bytes`; as `to_array`."""
    arrays = {}
    for name, proto in protos.items():
        arrays[name] = to_array(proto, name, most_bytes)
        most_bytes -= _size_of(arrays[name])
    return arrays


def _size_of(array: np.ndarray) -> int:
    if array.dtype != object:
        return array.nbytes
    return array.size * _STRING_BYTES + sum(map(len, array.ravel().tolist()))


def to_array(proto, name: str, most_bytes: float) -> np.ndarray:
    """Reads a TensorProto without trusting its shape.

    `tf.make_ndarray` would repeat one value over any shape that is asked for, so that thirty bytes
    can ask for a terabyte; here what the shape needs is compared with `most_bytes` first.

    Args:
        proto: A `TensorProto`.
        name: The input's name, for messages.
        most_bytes: The most that the array may take.

    Returns:
        An array; strings are an object array of bytes.

    Raises:
        ServingError: INVALID_ARGUMENT for a type or shape that cannot be, or one that is too
            large.

    Example:

    >>> import tensorflow as tf
    >>> to_array(tf.make_tensor_proto([[1.0, 2.0]]), "x", 1 << 20).tolist()
    [[1.0, 2.0]]
    """
    import tensorflow as tf

    try:
        dtype = tf.dtypes.as_dtype(proto.dtype)
        numpy_dtype = dtype.as_numpy_dtype
    except (TypeError, KeyError):
        raise invalid(f"tensor parsing error: {name} has no known dtype") from None
    shape = [dim.size for dim in proto.tensor_shape.dim]
    if proto.tensor_shape.unknown_rank or any(size < 0 for size in shape):
        raise invalid(f"tensor parsing error: {name} has an unknown dimension")
    if len(shape) > _MOST_OF_NUMPY:
        most = MOST_DIMENSIONS if len(shape) > MOST_DIMENSIONS else _MOST_OF_NUMPY
        raise invalid(
            f"tensor parsing error: {name} has {len(shape)} dimensions; at most {most} are possible"
        )
    size = math.prod(shape)
    item_bytes = _STRING_BYTES if dtype == tf.string else dtype.size
    # Sizes are multiplied without the zeros: [2**62, 0] is no shape either.
    if math.prod(filter(None, shape)) >= 2**63 or size * item_bytes > most_bytes:
        raise _too_large(name, shape, most_bytes)
    if dtype == tf.string:
        values = list(proto.string_val)
        repeated = size - len(values)
        # What fills the places that are left takes its bytes again in each.
        if values and repeated > 0 and repeated * len(values[-1]) > most_bytes:
            raise _too_large(name, shape, most_bytes)
        return _fill(np.array(values, dtype=object), size, name, b"").reshape(shape)
    if dtype.name not in _FIELDS:
        raise invalid(f"tensor parsing error: {name} has dtype {dtype.name}, which cannot travel")
    if proto.tensor_content:
        if len(proto.tensor_content) != size * item_bytes:
            raise invalid(
                f"tensor parsing error: {name} has not the bytes that shape {shape} needs"
            )
        return np.frombuffer(proto.tensor_content, numpy_dtype).reshape(shape)
    return _fill(_field_values(proto, dtype, numpy_dtype), size, name, 0).reshape(shape)


def _too_large(name: str, shape: list[int], most_bytes: float) -> ServingError:
    shown = str(shape) if len(shape) <= 8 else f"[{shape[0]}, ..., {shape[-1]}]"
    return invalid(
        f"tensor parsing error: {name} of shape {shown} is larger than the {most_bytes} bytes "
        "of a request"
    )


def _field_values(proto, dtype, numpy_dtype) -> np.ndarray:
    values = getattr(proto, _FIELDS[dtype.name])
    if _FIELDS[dtype.name] == "half_val":
        return np.array(values, dtype=np.int64).astype(np.uint16).view(numpy_dtype)
    if _FIELDS[dtype.name] == "int_val":
        return np.array(values, dtype=np.int64).astype(numpy_dtype)
    return np.array(values, dtype=numpy_dtype)


def _fill(values: np.ndarray, size: int, name: str, empty) -> np.ndarray:
    """Stretches a shortened list of values as TensorFlow does: the last one stands for the rest."""
    if len(values) == size:
        return values
    if len(values) > size:
        raise invalid(f"tensor parsing error: {name} has {len(values)} values for {size} places")
    last = values[-1] if len(values) else empty
    rest = np.empty(size - len(values), dtype=values.dtype)
    rest[:] = last
    return np.concatenate([values, rest])


def to_proto(array: np.ndarray, proto) -> None:
    """Writes an array into a TensorProto, in the typed fields as TensorFlow Serving does.

    Args:
        array: Numbers, booleans or (object) bytes.
        proto: The `TensorProto` to fill.

    Example:

    >>> from tensorflow.core.framework import tensor_pb2
    >>> proto = tensor_pb2.TensorProto()
    >>> to_proto(np.array([1.5, 2.0], np.float32), proto)
    >>> list(proto.float_val)
    [1.5, 2.0]
    """
    import tensorflow as tf

    array = np.asarray(array)
    dtype = tf.string if array.dtype == object else tf.dtypes.as_dtype(array.dtype)
    proto.dtype = dtype.as_datatype_enum
    proto.tensor_shape.SetInParent()
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    flat = array.ravel()
    if dtype == tf.string:
        proto.string_val.extend(flat.tolist())
    elif dtype.name not in _FIELDS:
        raise ServingError(Code.UNIMPLEMENTED, f"a tensor of {dtype.name} cannot be sent")
    elif _FIELDS[dtype.name] == "half_val":
        proto.half_val.extend(flat.view(np.uint16).tolist())
    else:
        getattr(proto, _FIELDS[dtype.name]).extend(flat.tolist())
