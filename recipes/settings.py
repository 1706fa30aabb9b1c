"""Settings of a recipe: a flat record of values, and reading them from KEY=VALUE."""

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from recipes.ranges import check_ranges
from zoo.errors import InputError, unknown_name

S = TypeVar("S")
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def parse(assignments: Iterable[str]) -> dict[str, str]:
    """Splits "key=value" strings; raises `InputError` for one without a key or "="."""
    pairs = {}
    for text in assignments:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise InputError(f"--set {text!r}: expected KEY=VALUE, for example units=128")
        pairs[key.strip()] = value.strip()
    return pairs


def replace(settings: S, changes: Mapping[str, Any]) -> S:
    """Returns settings with some values changed, each given as a value or as its text.

    Who gives `epochs` means so many: `least_steps` is then 0, unless it is given too.

    Raises:
        InputError: an unknown setting (with the near ones named), or a value of the wrong type or
            outside of its range.
    """
    hints = get_type_hints(type(settings))
    values = {}
    for spelled, value in changes.items():
        name = spelled.replace("tokeniser", "tokenizer")  # British spelling, and older saved models
        if name not in hints:
            raise unknown_name("setting", name, hints)
        values[name] = _convert(name, value, hints[name])
    if "epochs" in values and "least_steps" in hints:
        values.setdefault("least_steps", 0)
    changed = dataclasses.replace(settings, **values)  # type: ignore[type-var]
    check_ranges(changed, values)
    return changed


def _convert(name: str, value: Any, hint: Any) -> Any:
    options = [option for option in get_args(hint) if option is not type(None)]
    optional, kind = len(options) != len(get_args(hint)), options[0] if options else hint
    if optional and (value is None or str(value).lower() == "none"):
        return None
    try:
        if kind is bool:
            return value if isinstance(value, bool) else _WORDS[str(value).lower()]
        if kind is int and not isinstance(value, str) and value != int(value):
            raise ValueError
        converted = kind(value)
        if isinstance(converted, float) and not math.isfinite(converted):
            raise ValueError
    except (KeyError, ValueError, TypeError):
        expected = {int: "a whole number", float: "a number", bool: "true or false"}
        raise InputError(
            f"setting {name}={value!r}: expected {expected.get(kind, kind.__name__)}"
            f"{' or none' if optional else ''}"
        ) from None
    return converted


def read_file(path: Path) -> dict[str, Any]:
    """Reads a JSON object of settings; raises `InputError` for anything else."""
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected a JSON file of settings") from None
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {error}") from None
    if not isinstance(values, dict):
        raise InputError(f'{path}: expected a JSON object, such as {{"units": 128}}')
    return values


def plain_settings(assignments: Mapping[str, str]) -> dict[str, int | float | str]:
    """Reads the values of a signature's inputs: whole numbers, numbers, or else text."""
    return {name: _number_or_text(value) for name, value in assignments.items()}


def _number_or_text(value: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            pass
    return value
