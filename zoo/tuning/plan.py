"""What a search is: its space, its algorithm and its budget, as search.json holds it."""

import dataclasses
import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.errors import InputError, unknown_name
from zoo.tuning.parameter import Parameter

TUNERS = ("random", "bayesian", "hyperband")


@dataclasses.dataclass
class Plan:
    """The description of a search.

    Attributes:
        space: What varies.
        tuner: "random", "bayesian" or "hyperband".
        trials: How many trials at most; None: no limit, or one sweep of Hyperband.
        seed: seed of the drawing of values.
        lower_is_better: Which way the score goes.
        defaults: The values to try first, where they lie in the space.
        fixed: Settings that do not vary, to write beside the best values.
        halvings: How many times Hyperband cuts: the shortest trial has 1/3**halvings of the length.
        deadline: When the time budget ends, in seconds since 1970; None: never.
        finished: Whether the search came to its end.
        about: What the caller wants to find again when the search is resumed.
    """

    space: tuple[Parameter, ...]
    tuner: str = "random"
    trials: int | None = None
    seed: int = 0
    lower_is_better: bool = True
    defaults: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    fixed: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    halvings: int = 2
    deadline: float | None = None
    finished: bool = False
    about: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        if self.tuner not in TUNERS:
            raise unknown_name("tuner", self.tuner, TUNERS)
        if self.trials is not None and self.trials < 1:
            raise InputError(f"trials={self.trials}: expected 1 or more")

    @property
    def longest(self) -> int:
        """The longest trial, in lengths of Hyperband's shortest."""
        return 3**self.halvings

    @property
    def time_is_up(self) -> bool:
        """Whether the time budget has ended."""
        return self.deadline is not None and time.time() >= self.deadline

    def set_minutes(self, minutes: float | None) -> None:
        """Starts the time budget now."""
        if minutes is not None and not (minutes > 0 and math.isfinite(minutes)):
            raise InputError(f"minutes={minutes:g}: expected more than 0")
        self.deadline = None if minutes is None else time.time() + 60 * minutes

    def better(self, first: float, second: float) -> bool:
        """Whether the first score is better than the second."""
        return first < second if self.lower_is_better else first > second

    def to_json(self) -> str:
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        plain["space"] = [parameter._asdict() for parameter in self.space]
        return json.dumps(plain, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, path: Path) -> "Plan":
        """Reads search.json; raises `InputError` where it is missing or not one."""
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
            space = [
                Parameter(**{**parameter, "choices": tuple(parameter["choices"])})
                for parameter in plain.pop("space")
            ]
            return cls(space=tuple(space), **plain)
        except FileNotFoundError:
            raise InputError(
                f"{path.parent}: there is no search here ({path.name} is missing)"
            ) from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InputError(f"{path}: not readable as a search: {error}") from error
