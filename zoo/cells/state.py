"""States as structures: an integer is one tensor, a tuple or list is one state per entry.

A `state_size` of `(4, LSTMStateTuple(c=8, h=8))` describes a state of the same form with tensors
of shapes `(batch, 4)`, `(batch, 8)` and `(batch, 8)`. Nothing here is ever flattened for a caller.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from keras import ops

from zoo.cells.lstm_state_tuple import LSTMStateTuple
from zoo.errors import InputError


def is_sequence(value: Any) -> bool:
    """Whether a state, or a state size, has parts."""
    return isinstance(value, (list, tuple))


def like(structure: Any, parts: list) -> Any:
    """Puts `parts` into the same kind of container as `structure`, named tuples included."""
    if hasattr(structure, "_fields"):
        return type(structure)(*parts)
    return tuple(parts) if isinstance(structure, tuple) else list(parts)


def map_sizes(function: Callable[[int], Any], state_size: Any) -> Any:
    """Replaces every integer of a state size by `function(integer)`; the structure is kept."""
    if is_sequence(state_size):
        return like(state_size, [map_sizes(function, part) for part in state_size])
    return function(int(state_size))


def leaves(structure: Any) -> Iterator[Any]:
    """Walks the tensors (or sizes) of a state from left to right."""
    if is_sequence(structure):
        for part in structure:
            yield from leaves(part)
    else:
        yield structure


def pack(state_size: Any, values: Any) -> Any:
    """Puts the tensors of `values`, whatever their nesting, into the structure of `state_size`."""
    flat = leaves(values)
    return map_sizes(lambda _: next(flat), state_size)


def zeros(state_size: Any, batch_size: Any, dtype: str) -> Any:
    """A state of zeros; every tensor is `(batch_size, size)`."""
    return map_sizes(lambda size: ops.zeros((batch_size, size), dtype=dtype), state_size)


def describe_size(state_size: Any) -> str:
    """Says what a state must look like, for error messages."""
    return _describe(state_size, lambda size: f"(batch, {size})")


def describe(state: Any) -> str:
    """Says what a given state looks like, for error messages."""

    def leaf(value):
        if hasattr(value, "shape"):
            return str(tuple(value.shape))
        return f"{type(value).__name__} {value!r}"

    return _describe(state, leaf)


def match(owner: str, state_size: Any, state: Any, batch_size: int | None = None) -> Any:
    """Checks a state against a cell's `state_size` and returns it in the cell's own structure.

    Any list or tuple may stand for any other, since Keras and saved models turn named tuples into
    plain ones; the number of parts and the shapes must agree. A list of one tensor may stand for
    a tensor, as `keras.layers.RNN` has it. An `LSTMStateTuple(c, h)` never stands for the `[h, c]`
    of Keras's LSTM, which is the other way round.

    Args:
        owner: Who asks, for the message.
        state_size: The structure of integers expected.
        state: The structure of tensors given.
        batch_size: The rows expected in every tensor, where known.

    Returns:
        The same tensors, in the containers of `state_size`.

    Raises:
        InputError: For another structure, shape or a dtype that is not floating.
    """
    if not is_sequence(state_size) and is_sequence(state) and len(state) == 1:
        state = state[0]
    refuse_swapped(owner, state_size, state)
    if not _fits(state_size, state, batch_size):
        rows = "" if batch_size is None else f" with batch {batch_size}"
        raise InputError(
            f"{owner} expects a state {describe_size(state_size)}{rows}; got {describe(state)}"
        )
    for leaf in leaves(state):
        _check_floating(owner, "a state", leaf)
    return _repack(state_size, state)


def refuse_swapped(owner: str, state_size: Any, state: Any) -> None:
    """Raises `InputError` for an `LSTMStateTuple(c, h)` in the place of Keras's `[h, c]`."""
    if not is_sequence(state_size) or not is_sequence(state):
        return
    # Keras's LSTM has a list for its size; a stack has a tuple.
    if isinstance(state, LSTMStateTuple) and isinstance(state_size, list):
        raise InputError(
            f"{owner} expects the state [h, c] of Keras's LSTM; got an LSTMStateTuple(c, h): give "
            "[state.h, state.c]"
        )
    for size, part in zip(state_size, state, strict=False):
        refuse_swapped(owner, size, part)


def check_inputs(owner: str, inputs: Any, axes: str, dtype: str | None = None) -> Any:
    """Checks the rank and the dtype of a layer's inputs; returns them as an array or tensor.

    Args:
        owner: Who asks, for the message.
        inputs: What was given.
        axes: What is expected, such as `"(batch, features)"`.
        dtype: The dtype to which integers and booleans are cast, as Keras's layers do; None leaves
            them.

    Raises:
        InputError: For ragged and sparse inputs, another rank, or a dtype that holds no numbers.
    """
    _refuse_ragged_and_sparse(owner, inputs)
    if not hasattr(inputs, "shape"):
        try:
            inputs = np.asarray(inputs)
        except ValueError as error:
            raise InputError(
                f"{owner} expects inputs {axes}; got lists of different lengths: pad them"
            ) from error
    if len(inputs.shape) != axes.count(",") + 1:
        raise InputError(f"{owner} expects inputs {axes}; got shape {tuple(inputs.shape)}")
    name = _dtype_name(inputs)
    if "float" in name:
        return inputs
    if "int" not in name and "bool" not in name:
        raise InputError(f"{owner} expects inputs of a floating or integer dtype; got {name}")
    return inputs if dtype is None else ops.cast(inputs, dtype)


def _refuse_ragged_and_sparse(owner: str, inputs: Any) -> None:
    kind = type(inputs).__name__
    if kind == "RaggedTensor" or getattr(inputs, "ragged", False):
        raise InputError(
            f"{owner} expects a dense tensor and lengths; got a ragged one: give x.to_tensor(), "
            "and x.row_lengths() as sequence_length"
        )
    if kind == "SparseTensor" or getattr(inputs, "sparse", False):
        raise InputError(
            f"{owner} expects a dense tensor; got a sparse one: give tf.sparse.to_dense(x)"
        )


def _check_floating(owner: str, what: str, value: Any) -> None:
    name = _dtype_name(value)
    if "float" not in name:
        raise InputError(f"{owner} expects {what} of a floating dtype; got {name}")


def _dtype_name(value: Any) -> str:
    return str(getattr(value.dtype, "name", value.dtype))


def _fits(state_size: Any, state: Any, batch_size: int | None) -> bool:
    if is_sequence(state_size):
        return (
            is_sequence(state)
            and len(state) == len(state_size)
            and all(_fits(s, part, batch_size) for s, part in zip(state_size, state, strict=True))
        )
    if not hasattr(state, "shape") or len(state.shape) != 2:
        return False
    rows, size = state.shape
    return size in (None, state_size) and (None in (rows, batch_size) or rows == batch_size)


def _repack(state_size: Any, state: Any) -> Any:
    if not is_sequence(state_size):
        return state
    return like(state_size, [_repack(s, part) for s, part in zip(state_size, state, strict=True)])


def _describe(structure: Any, leaf: Callable[[Any], str]) -> str:
    if not is_sequence(structure):
        return leaf(structure)
    parts = [_describe(part, leaf) for part in structure]
    if hasattr(structure, "_fields"):
        named = ", ".join(f"{n}={p}" for n, p in zip(structure._fields, parts, strict=True))
        return f"{type(structure).__name__}({named})"
    opening, closing = ("(", ")") if isinstance(structure, tuple) else ("[", "]")
    comma = "," if isinstance(structure, tuple) and len(parts) == 1 else ""
    return f"{opening}{', '.join(parts)}{comma}{closing}"
