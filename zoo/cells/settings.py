"""Checks of the numbers that a cell is made from."""

import numbers
from typing import Any

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
