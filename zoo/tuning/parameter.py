"""One dimension of a search space, as plain data."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from zoo.errors import InputError, unknown_name


class Parameter(NamedTuple):
    """A setting that a search may vary: a list of choices, or a range.

    Attributes:
        name: The setting.
        choices: The values to choose from, or
        low, high: the range to draw from, both ends included; of whole numbers if both are.
        log: on a logarithmic scale.

    Example:

    >>> Parameter("learning_rate", low=1e-4, high=1e-2, log=True).place(1e-3)
    0.5
    """

    name: str
    choices: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    log: bool = False

    @property
    def whole(self) -> bool:
        """Whether it is a range of whole numbers."""
        return not self.choices and isinstance(self.low, int) and isinstance(self.high, int)

    def check(self) -> None:
        """Raises `InputError` for what is neither a list of choices nor a range."""
        ranged = self.low is not None and self.high is not None
        if bool(self.choices) == ranged:
            raise InputError(f"parameter {self.name!r}: expected either choices, or low and high")
        if len(set(map(str, self.choices))) < len(self.choices):
            raise InputError(f"parameter {self.name!r}: a choice is there twice: {self.choices}")
        if ranged and not self.low < self.high:
            raise InputError(
                f"parameter {self.name!r}: low={self.low:g} must be below high={self.high:g}"
            )
        if ranged and self.log and self.low <= 0:
            raise InputError(
                f"parameter {self.name!r}: a logarithmic range needs low above 0, not {self.low:g}"
            )

    def __contains__(self, value: object) -> bool:
        if self.choices:
            return value in self.choices
        number = isinstance(value, int if self.whole else int | float)
        return number and not isinstance(value, bool) and self.low <= value <= self.high

    def rounded(self, value: float) -> float:
        """Returns a drawn value with four digits, so that settings read well."""
        if self.whole:
            return int(value)
        short = float(f"{value:.4g}")
        return short if short in self else value

    def place(self, value: Any) -> float:
        """Returns where a value lies in the space: from 0, the lowest, to 1."""
        if self.choices:
            return self.choices.index(value) / max(1, len(self.choices) - 1)
        low, high = self.low, self.high
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return (value - low) / (high - low)

    def __str__(self):
        if self.choices:
            return f"{self.name} of {', '.join(map(str, self.choices))}"
        return f"{self.name} from {self.low:g} to {self.high:g}{' (log)' if self.log else ''}"


def check_space(space: Iterable[Parameter], settings: Mapping[str, Any]) -> None:
    """Raises `InputError` for a space that is empty, or that does not fit the settings."""
    names = [parameter.name for parameter in space]
    if not names:
        raise InputError("the search space is empty; there is nothing to tune")
    for parameter in space:
        parameter.check()
        if parameter.name not in settings:
            raise unknown_name("setting in the search space", parameter.name, settings)
        if names.count(parameter.name) > 1:
            raise InputError(f"parameter {parameter.name!r}: is in the search space twice")
