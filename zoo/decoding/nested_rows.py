"""Nests of tensors whose first axis is the row: counted, repeated, reordered, compared."""

from typing import Any

import tensorflow as tf

from zoo.errors import InputError


def count_rows(*nests: Any, start_id: Any = None) -> int | tf.Tensor:
    """Returns the first axis's size of the first tensor in the nests.

    Args:
        *nests: Nests of tensors [R, ...]; `None` leaves are passed over.
        start_id: Where there is no tensor in the nests: ids [R]. A single id is passed over.

    Returns:
        A Python integer where any tensor's shape says it, otherwise an int32 scalar.

    Raises:
        InputError: There is no tensor to count the rows of.
    """
    tensors = [leaf for leaf in tf.nest.flatten(list(nests)) if leaf is not None]
    if start_id is not None and tf.convert_to_tensor(start_id).shape.rank:
        tensors.append(start_id)
    if not tensors:
        raise InputError(
            "state and memory hold no tensor and start_id is one id, so the number of rows is "
            "unknown; give a start_id for each row"
        )
    tensors = [tf.convert_to_tensor(tensor) for tensor in tensors]
    for tensor in tensors:
        if tensor.shape.rank == 0:
            raise InputError(
                "state or memory holds a scalar; every tensor needs the rows on its first axis"
            )
    known = [tensor.shape[0] for tensor in tensors if tensor.shape.rank and tensor.shape[0]]
    return known[0] if known else tf.shape(tensors[0])[0]


def as_memory(nest: Any) -> Any:
    """Returns the nest with every leaf a tensor; `None` leaves stay."""
    return tf.nest.map_structure(
        lambda leaf: leaf if leaf is None else tf.convert_to_tensor(leaf), nest
    )


def as_state(nest: Any) -> Any:
    """Returns the nest with every leaf a tensor.

    Raises:
        InputError: A leaf is None, which a loop cannot carry.
    """
    if any(leaf is None for leaf in tf.nest.flatten(nest)):
        raise InputError("the state holds None; leave it out: () is the state of a step with none")
    return tf.nest.map_structure(tf.convert_to_tensor, nest)


def repeat_rows(nest: Any, times: int) -> Any:
    """Returns the nest with each row `times` times in succession: [R, ...] to [R * times, ...]."""
    if times == 1:
        return nest
    return tf.nest.map_structure(
        lambda leaf: leaf if leaf is None else tf.repeat(leaf, times, axis=0), nest
    )


def gather_rows(nest: Any, rows: tf.Tensor) -> Any:
    """Returns the nest with row `rows[r]` of every tensor at `r`; `rows` is int32 [R]."""
    return tf.nest.map_structure(lambda leaf: leaf if leaf is None else tf.gather(leaf, rows), nest)


def same_form(before: Any, after: Any) -> Any:
    """Returns `after` with the static shapes of `before`, so that a loop can carry it.

    Args:
        before: A nest of tensors, the state that goes into a step.
        after: The state that came out.

    Raises:
        InputError: The structure, a data type or a static shape has changed.
    """
    try:
        tf.nest.assert_same_structure(before, after)
    except (TypeError, ValueError):
        raise InputError(
            f"the step returned a state of another structure: {_forms(after)}, "
            f"where it was given {_forms(before)}"
        ) from None
    return tf.nest.map_structure(_same_tensor_form, before, after)


def _same_tensor_form(before: tf.Tensor, after: Any) -> tf.Tensor:
    after = None if after is None else tf.convert_to_tensor(after)
    if (
        after is None
        or before.dtype != after.dtype
        or not before.shape.is_compatible_with(after.shape)
    ):
        raise InputError(
            f"the step returned {_forms(after)} in the state, where it was given {_forms(before)}; "
            "a state keeps its form"
        )
    # A loop's variable may not become less defined than it was.
    after.set_shape(before.shape)
    return after


def _forms(nest: Any) -> Any:
    return tf.nest.map_structure(
        lambda leaf: None if leaf is None else f"{leaf.dtype.name}{leaf.shape}", nest
    )
