"""Running the trials that an oracle suggests, one after the other."""

import contextlib
import math
import os
import threading
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.tuning.folder import SearchFolder
from zoo.tuning.plan import Plan
from zoo.tuning.trial import (
    DONE,
    FAILED,
    RUNNING,
    UNFINISHED,
    Outcome,
    TimeUpError,
    Trial,
    TrialFailedError,
)

if TYPE_CHECKING:
    from zoo.tuning.engine import Suggestion, Suggestions

# A process that was killed says nothing: the trial is tried once more, then it has failed.
MOST_DEATHS = 2
SECONDS_BETWEEN_QUESTIONS = 0.5


class LostError(InputError):
    """The chief is gone; there is nobody to run trials for."""


def run_trials(
    suggestions: "Suggestions",
    run_trial: Callable[[Trial], float],
    plan: Plan,
    folder: SearchFolder,
    worker: str,
    may_go_on: Callable[["Suggestion"], None] = lambda suggestion: None,
    changed: Callable[[], None] = lambda: None,
) -> None:
    """Runs trials until the oracle has no more, or the time is up.

    Args:
        suggestions: Where trials come from.
        run_trial: Returns the score of a trial.
        plan: plan of the search.
        folder: folder of the search.
        worker: The name of who runs them.
        may_go_on: Is called often while a trial runs; raises `LostError` to end everything.
        changed: Is called when a trial starts and when it ends.
    """
    while (suggestion := suggestions.next(worker)) is not None:
        if suggestion == suggestions.WAIT:
            time.sleep(SECONDS_BETWEEN_QUESTIONS)
            continue
        outcome = attempt(
            suggestion,
            run_trial,
            plan,
            folder,
            worker,
            lambda suggestion=suggestion: may_go_on(suggestion),
            changed,
        )
        if outcome.status == DONE:
            suggestions.finished(outcome.id, outcome.score)
        elif outcome.status == FAILED:
            suggestions.failed(outcome.id)
        else:
            suggestions.hand_back(outcome.id)
        changed()


def attempt(
    suggestion: "Suggestion",
    run_trial: Callable[[Trial], float],
    plan: Plan,
    folder: SearchFolder,
    worker: str,
    may_go_on: Callable[[], None],
    changed: Callable[[], None] = lambda: None,
) -> Outcome:
    """Runs one trial, unless it is over already, and keeps what became of it.

    Whatever goes wrong in the trial is its outcome; only an interruption and `LostError` come out.
    """

    def check():
        may_go_on()
        if plan.time_is_up:
            raise TimeUpError

    def wait():
        check()
        time.sleep(SECONDS_BETWEEN_QUESTIONS)

    id, outcomes = suggestion.id, folder.outcomes
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(folder.only_one_runner(id, wait))
        except TimeUpError:
            return Outcome(id, suggestion.values, UNFINISHED)
        outcome = outcomes.get(id) or Outcome(id, suggestion.values, share=suggestion.share)
        if outcome.is_over:
            return outcome
        trial = Trial(
            outcome, outcomes, folder.trials / id, folder.logs / f"{id}.txt", check, plan.better
        )
        if outcome.deaths >= MOST_DEATHS:
            outcome.status = FAILED
            outcome.reason = (
                f"its process was killed {outcome.deaths} times before it could report a score; "
                f"out of memory?{' ' + outcome.reason if outcome.reason else ''}"
            )
            trial.keep()
            return outcome
        outcome.status, outcome.worker = RUNNING, worker
        outcome.deaths += 1
        trial.keep()
        changed()
        try:
            _run(run_trial, trial)
        except (KeyboardInterrupt, SystemExit, LostError):
            outcome.status, outcome.deaths = UNFINISHED, 0
            raise
        finally:
            trial.keep()
        return outcome


def _run(run_trial: Callable[[Trial], float], trial: Trial) -> None:
    outcome = trial.outcome
    try:
        score = float(run_trial(trial))
        if not math.isfinite(score):
            raise TrialFailedError(f"diverged: its score is {score}")
        outcome.status, outcome.score, outcome.reason = DONE, score, ""
    except TimeUpError:
        outcome.status = UNFINISHED
    except (KeyboardInterrupt, SystemExit, LostError):
        raise
    except Exception as error:
        outcome.status, outcome.reason = FAILED, reason(error)
        trial.log.parent.mkdir(parents=True, exist_ok=True)
        with open(trial.log, "a", encoding="utf-8") as log:
            log.write(traceback.format_exc())
    outcome.deaths = 0


def reason(error: BaseException) -> str:
    """Says in one line why a trial failed."""
    line = " ".join(str(error).split())[:300]
    # TensorFlow's error by its name: a search need not be of TensorFlow models.
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return f"out of memory: {line}" if line else "out of memory"
    if isinstance(error, InputError | TrialFailedError):
        return line
    return f"{type(error).__name__}: {line}"


class Heartbeat:
    """Tells the chief, in a thread, that a worker is alive, and notices when the chief is gone.

    Args:
        suggestions: The chief.
        seconds: Between two beats.
    """

    def __init__(self, suggestions: "Suggestions", seconds: float):
        self.suggestions, self.seconds = suggestions, seconds
        self.trial: str | None = None
        self.lost: str | None = None
        # A worker that the chief started as its own child notices the chief's death at once.
        self.parent = os.getppid() if os.environ.get("ZOO_TUNE_CHILD") else None
        threading.Thread(target=self._beat, daemon=True).start()

    def __call__(self, suggestion: "Suggestion") -> None:
        """Raises `LostError` if the chief is gone."""
        self.trial = suggestion.id
        if self.parent is not None and os.getppid() != self.parent:
            self.lost = "the chief that started this worker is gone"
        if self.lost:
            raise LostError(self.lost)

    def _beat(self) -> None:
        while not self.lost:
            time.sleep(self.seconds)
            if self.trial is not None:
                try:
                    self.suggestions.is_alive(self.trial)
                except InputError as error:
                    self.lost = str(error)
