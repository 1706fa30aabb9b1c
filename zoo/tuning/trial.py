"""One trial of a search, as the function that runs it sees it, and what is kept of it."""

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zoo.errors import InputError
from zoo.files import write_atomically

RUNNING, DONE, FAILED, UNFINISHED = "running", "done", "failed", "unfinished"


class TrialFailedError(Exception):
    """The trial cannot give a score; its message is the reason to record."""


class TimeUpError(Exception):
    """The time budget of the search has ended; the trial can go on when the search does."""


@dataclasses.dataclass
class Outcome:
    """What is known of a trial: the same in outcomes/<id>.json and as a row of trials.csv.

    Attributes:
        id: Its number in the search, as text.
        values: The varied settings.
        status: "running", "done", "failed", or "unfinished" (the search ended before it did).
        score: The best so far; None before the first.
        reason: Why it failed.
        worker: Who ran it last.
        share: The part of the full length that it trains for, 0 to 1; below 1 in Hyperband only.
        seconds: Time spent on it, over all attempts.
        deaths: Times that its process ended without a word since the last report.
        notes: What the function that ran it told beside the score.
    """

    id: str
    values: dict[str, Any]
    status: str = RUNNING
    score: float | None = None
    reason: str = ""
    worker: str = ""
    share: float = 1.0
    seconds: float = 0.0
    deaths: int = 0
    notes: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether it will not be run again."""
        return self.status in (DONE, FAILED)


class Outcomes:
    """The outcomes of a search, one file each, written whole or not at all.

    Several processes write here, each the trial that it runs.

    Args:
        folder: Made when the first one is written.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def get(self, id: str) -> Outcome | None:
        """Returns what is known of a trial, or None."""
        path = self._path(id)
        try:
            return Outcome(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise InputError(f"{path}: not readable as a trial's outcome: {error}") from error

    def put(self, outcome: Outcome) -> None:
        """Writes what is known of a trial."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(dataclasses.asdict(outcome), indent=2, ensure_ascii=False)
        write_atomically(self._path(outcome.id), text + "\n")

    def all(self) -> list[Outcome]:
        """Returns every outcome in the order of the trials."""
        found = [self.get(path.stem) for path in self.folder.glob("*.json")]
        return sorted((o for o in found if o is not None), key=lambda o: (len(o.id), o.id))

    def _path(self, id: str) -> Path:
        return self.folder / f"{id}.json"


class Trial:
    """A trial that is being run.

    Args:
        outcome: What is kept of it.
        outcomes: Where that is kept.
        folder: The trial's own folder. It may hold what an earlier attempt left there.
        log: A file for what the trial prints.
        may_go_on: Raises when the trial must stop: the time is up, or the chief is lost.
        better: Whether the first score is better than the second.
    """

    def __init__(
        self,
        outcome: Outcome,
        outcomes: Outcomes,
        folder: Path,
        log: Path,
        may_go_on: Callable[[], None],
        better: Callable[[float, float], bool],
    ):
        self.outcome, self.outcomes, self.folder, self.log = outcome, outcomes, folder, log
        self.may_go_on, self.better = may_go_on, better
        self._spent, self._began = outcome.seconds, time.monotonic()

    @property
    def id(self) -> str:
        return self.outcome.id

    @property
    def values(self) -> dict[str, Any]:
        """The varied settings of this trial."""
        return self.outcome.values

    @property
    def share(self) -> float:
        """The part of the full length to train for."""
        return self.outcome.share

    def report(self, score: float, **notes: Any) -> None:
        """Tells a score on the way, to show and to keep; the best one counts.

        Args:
            score: score of this moment.
            **notes: Anything to show beside the best score, such as the epoch.
        """
        kept = self.outcome
        if kept.score is None or self.better(score, kept.score):
            kept.score, kept.notes = score, {**kept.notes, **notes}
        kept.deaths = 0
        self.keep()

    def keep(self) -> None:
        """Writes what is known."""
        self.outcome.seconds = round(self._spent + time.monotonic() - self._began, 1)
        self.outcomes.put(self.outcome)
