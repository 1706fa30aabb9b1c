"""Checks of the settings that builders share; each error is one line."""

from collections.abc import Iterable
from typing import Any

from zoo.errors import InputError


def check_counts(**settings: Any) -> None:
    """Raises `InputError` for a setting that is not a whole number of 1 or more."""
    for name, value in settings.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(f"{name} is {value!r}; expected a whole number of 1 or more")


def check_share(name: str, value: Any) -> None:
    """Raises `InputError` for what is not a share from 0 up to, not with, 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise InputError(f"{name} is {value!r}; expected a share from 0 up to, not with, 1")


def check_choice(name: str, value: Any, allowed: Iterable[str]) -> None:
    """Raises `InputError`, with the allowed values, for a value that is not one of them."""
    allowed = tuple(allowed)
    if value not in allowed:
        raise InputError(f"{name} is {value!r}; expected one of {', '.join(allowed)}")
