"""Checks of the numbers that a cell is made from."""

import math
import numbers
from typing import Any

import keras

from zoo.errors import InputError


def positive_integer(owner: str, name: str, value: Any) -> int:
    """Returns `value` as an int, or raises `InputError` where it is not a positive integer."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise InputError(f"{owner} expects {name} to be a positive integer; got {value!r}")
    return int(value)


def positive_number(owner: str, name: str, value: Any) -> float | None:
    """Returns `value` as a float, None as None; raises `InputError` for anything not above zero."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not value > 0:
        raise InputError(f"{owner} expects {name} to be a number above zero or None; got {value!r}")
    return float(value)


def keep_probability(owner: str, name: str, value: Any) -> float:
    """Returns `value` as a float in (0, 1], or raises `InputError`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 < value <= 1:
        raise InputError(f"{owner} expects {name} above 0 and at most 1; got {value!r}")
    return float(value)


def rate(owner: str, name: str, value: Any) -> float:
    """Returns `value` as a float in [0, 1), or raises `InputError`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 <= value < 1:
        raise InputError(f"{owner} expects {name} at least 0 and below 1; got {value!r}")
    return float(value)


def no_reuse(owner: str, reuse: Any) -> None:
    """Raises `InputError` for a `reuse` that asks TensorFlow 1 to share weights by their name."""
    if reuse is not None and reuse is not False:
        raise InputError(
            f"{owner} got reuse={reuse!r}; weights are not shared by name any more: give the same "
            "cell object in both places, and leave reuse out"
        )


def no_shards(owner: str, name: str, value: Any) -> None:
    """Raises `InputError` for a number of shards other than None and 1."""
    if value is None or (isinstance(value, numbers.Integral) and value == 1):
        return
    raise InputError(
        f"{owner} got {name}={value!r}; a weight is one variable and has no shards: leave it out"
    )


def ignored_size(owner: str, name: str, value: Any) -> None:
    """Raises `InputError` for what is no size where TensorFlow 1 took one and did not need it."""
    if value is None or hasattr(value, "as_list"):
        return
    sizes = value if isinstance(value, (list, tuple)) else [value]
    if any(isinstance(s, bool) or not isinstance(s, numbers.Integral) or s < 1 for s in sizes):
        raise InputError(
            f"{owner} expects {name} to be a number of features, or to be left out; got {value!r}"
        )


def floating_dtype(owner: str, value: Any) -> str:
    """Returns the name of a floating dtype of Keras, NumPy or TensorFlow; else `InputError`."""
    try:
        if value is None or isinstance(value, int):
            raise ValueError
        name = keras.backend.standardize_dtype(value)
    except (ValueError, TypeError):
        name = ""
    if "float" not in name:
        raise InputError(
            f"{owner} expects dtype to be a floating dtype such as 'float32'; got {value!r}"
        )
    return name


def finite_number(owner: str, name: str, value: Any) -> float:
    """Returns `value` as a float, or raises `InputError` where it is not a finite number."""
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):
        raise InputError(f"{owner} expects {name} to be a finite number; got {value!r}")
    return float(value)
