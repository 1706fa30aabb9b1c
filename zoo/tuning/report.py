"""What a search tells while it runs: trials.csv, best.json, and a table or lines to watch."""

import csv
import io
import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from zoo.files import write_atomically
from zoo.tuning.folder import SearchFolder
from zoo.tuning.plan import Plan
from zoo.tuning.trial import DONE, FAILED, RUNNING, UNFINISHED, Outcome

MOST_ROWS = 20


class Report:
    """Keeps trials.csv and best.json up to date, and shows how the search goes.

    On a terminal one live table; elsewhere a plain line when a trial starts and when it ends.

    Args:
        folder: folder of the search.
        plan: plan of the search.
        title: What is searched.
        say: Is given the lines; None: nothing is shown.
        terminal: Whether to show the live table instead. Defaults to whether standard error is
            one and `say` is given.
    """

    def __init__(
        self,
        folder: SearchFolder,
        plan: Plan,
        title: str = "search",
        say: Callable[[str], None] | None = None,
        terminal: bool | None = None,
    ):
        self.folder, self.plan, self.title = folder, plan, title
        self.say = say or (lambda line: None)
        self._began = time.monotonic()
        # Bound now: a trial in this process sends what it prints elsewhere.
        self.console = Console(file=sys.stderr)
        self.live: Live | None = None
        if say is not None and (self.console.is_terminal if terminal is None else terminal):
            self.live = Live(
                get_renderable=self._drawn,
                console=self.console,
                refresh_per_second=1,
                redirect_stdout=False,
                redirect_stderr=False,
            )
        self._known: dict[str, str] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> "Report":
        self._began = time.monotonic()
        for outcome in self.folder.outcomes.all():
            if outcome.is_over:
                self._known[outcome.id] = outcome.status
        if self._known:
            self.say(f"{len(self._known)} trials are over already and are not run again")
        if self.live:
            self.live.start()
        return self

    def __exit__(self, *_) -> None:
        self.update()
        self.write(self.folder.outcomes.all())
        if self.live:
            self.live.stop()

    def update(self) -> None:
        """Looks what has changed; says and writes it."""
        with self._lock:
            outcomes = self.folder.outcomes.all()
            changed = [o for o in outcomes if self._known.get(o.id) != o.status]
            if not changed:
                return
            self._known.update({outcome.id: outcome.status for outcome in changed})
            self.write(outcomes)
            if not self.live:
                for outcome in changed:
                    self.say(self._line(outcome, best(outcomes, self.plan)))

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """Writes trials.csv and best.json anew, each whole or not at all."""
        write_atomically(self.folder.table, as_csv(outcomes))
        winner = best(outcomes, self.plan)
        if winner:
            settings = {**self.plan.fixed, **winner.values}
            text = json.dumps(settings, indent=2, ensure_ascii=False) + "\n"
            write_atomically(self.folder.best, text)

    def _line(self, outcome: Outcome, winner: Outcome | None) -> str:
        head = f"trial {outcome.id}"
        if outcome.status == RUNNING:
            values = " ".join(f"{name}={_text(v)}" for name, v in outcome.values.items())
            part = f" for {outcome.share:.0%} of the length" if outcome.share < 1 else ""
            return f"{head} started{part}: {values}"
        if outcome.status == FAILED:
            return f"{head} failed after {outcome.seconds:.0f} s: {outcome.reason}"
        measure = outcome.notes.get("measure", "score")
        if outcome.score is None:
            return f"{head} {outcome.status} after {outcome.seconds:.0f} s, no score yet"
        line = f"{head} {outcome.status} in {outcome.seconds:.0f} s: {measure} {outcome.score:.5g}"
        if winner is None or winner.id == outcome.id:
            return f"{line} (the best so far)"
        return f"{line} (best: {winner.score:.5g} of trial {winner.id})"

    def _drawn(self) -> Table:
        outcomes = self.folder.outcomes.all()
        winner = best(outcomes, self.plan)
        over = sum(outcome.is_over for outcome in outcomes)
        minutes = (time.monotonic() - self._began) / 60
        limit = f" of {self.plan.trials}" if self.plan.trials else ""
        table = Table(
            title=f"{self.title}: {over}{limit} trials, {minutes:.1f} min",
            title_justify="left",
            box=None,
            header_style="bold",
        )
        names = [parameter.name for parameter in self.plan.space]
        for name in ("trial", "status", "score", "round", "seconds", *names):
            table.add_column(name)
        for outcome in shown(outcomes, self.plan):
            style = "bold green" if winner and outcome.id == winner.id else None
            style = "red" if outcome.status == FAILED else style
            table.add_row(
                outcome.id,
                outcome.status if outcome.status != FAILED else outcome.reason[:40],
                _short(outcome.score),
                _short(outcome.notes.get("round")),
                f"{outcome.seconds:.0f}",
                *(_text(outcome.values.get(name)) for name in names),
                style=style,
            )
        return table


def best(outcomes: Sequence[Outcome], plan: Plan) -> Outcome | None:
    """Returns the best of the trials that ended with a score, or None."""
    return next(iter(ranked(outcomes, plan)), None)


def ranked(outcomes: Sequence[Outcome], plan: Plan) -> list[Outcome]:
    """Returns the trials that ended with a score, best first."""
    scored = [o for o in outcomes if o.status in (DONE, UNFINISHED) and o.score is not None]
    return sorted(scored, key=lambda o: o.score, reverse=not plan.lower_is_better)


def shown(outcomes: Sequence[Outcome], plan: Plan) -> list[Outcome]:
    """Returns the trials to show where there is not room for all: the best, then the newest."""
    first = {outcome.id for outcome in ranked(outcomes, plan)[: MOST_ROWS // 2]}
    rest = [outcome.id for outcome in outcomes if outcome.id not in first]
    keep = first | set(rest[max(0, len(rest) - (MOST_ROWS - len(first))) :])
    return [outcome for outcome in outcomes if outcome.id in keep]


def as_csv(outcomes: Sequence[Outcome]) -> str:
    """Returns trials.csv: a row a trial, its values after what became of it."""
    rows = [
        {
            "trial": outcome.id,
            "status": outcome.status,
            "score": outcome.score,
            **outcome.notes,
            "share": outcome.share,
            "seconds": outcome.seconds,
            "worker": outcome.worker,
            "reason": outcome.reason if outcome.status == FAILED else "",
            # As --set takes them.
            **{name: "none" if v is None else v for name, v in outcome.values.items()},
        }
        for outcome in outcomes
    ]
    # The longest row first, so that notes stand before the values even if the first trial failed.
    names = dict.fromkeys(name for row in sorted(rows, key=len, reverse=True) for name in row)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(names), lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _short(value: Any) -> str:
    return "" if value is None else _text(value)


def _text(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
