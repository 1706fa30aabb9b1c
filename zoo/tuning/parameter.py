"""One dimension of a search space, as plain data."""

from typing import Any, NamedTuple


class Parameter(NamedTuple):
    """A setting that a search may vary.

    Attributes:
        name: The setting.
        choices: The values to choose from, or
        low, high: the range to draw from,
        log: on a logarithmic scale.
    """

    name: str
    choices: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    log: bool = False
