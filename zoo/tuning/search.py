"""Searching for better settings: in this process, with workers beside it, or over a cluster."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from zoo import processes
from zoo.errors import InputError
from zoo.files import write_atomically
from zoo.tuning.folder import SearchFolder
from zoo.tuning.plan import Plan
from zoo.tuning.report import Report
from zoo.tuning.running import Heartbeat, run_trials
from zoo.tuning.trial import FAILED, Outcome, Trial
from zoo.tuning.workers import Workers

# Workers that end before they have run anything will not do better the next time.
MOST_FRUITLESS_ENDS = 3
SECONDS_BETWEEN_LOOKS = 0.5


def search(
    run_trial: Callable[[Trial], float],
    plan: Plan,
    folder: SearchFolder,
    report: Report,
) -> list[Outcome]:
    """Searches in this process, in a folder that holds the plan or is new.

    Args:
        run_trial: Trains with a trial's values and returns its score. It may raise anything: then
            the trial has failed, and the search goes on.
        plan: What to search, and for how long.
        folder: Where; with the state of an earlier search it goes on: trials that are over are
            not run again, and one that was interrupted goes first.
        report: Writes the tables, and shows them.

    Returns:
        What became of the trials.

    Raises:
        InputError: Keras Tuner is missing, the folder is in use, or every trial failed.

    Example:

    >>> folder = SearchFolder(tmp_path)
    >>> plan = Plan((Parameter("x", low=-1.0, high=1.0),), trials=5)
    >>> outcomes = search(lambda trial: trial.values["x"] ** 2, plan, folder, Report(folder, plan))
    >>> len(outcomes)
    5
    """
    from zoo.tuning import engine

    with _held(folder, plan), report:
        oracle = engine.make_oracle(plan, folder.state)
        with processes.termination_as_interruption():
            run_trials(
                engine.Suggestions(oracle, plan),
                run_trial,
                plan,
                folder,
                "this process",
                changed=report.update,
            )
        if oracle.trouble:
            raise oracle.trouble
    return _checked(folder)


def lead(
    plan: Plan,
    folder: SearchFolder,
    report: Report,
    address: str = "127.0.0.1:0",
    command: Sequence[str] | None = None,
    environments: Sequence[Mapping[str, str]] = (),
    lease: float = 60.0,
) -> list[Outcome]:
    """Leads a search as its chief: answers workers, here or elsewhere, until it is over.

    Args:
        plan, folder, report: the same as for `search`.
        address: Where to listen.
        command: command of a worker on this machine; None: all workers are started elsewhere.
        environments: More environment variables, one mapping for each worker of this machine.
        lease: Seconds without a sign of life after which a worker's trial is given to another.

    Returns:
        What became of the trials.

    Raises:
        InputError: as for `search`, or the workers of this machine cannot work.
    """
    from zoo.tuning import engine

    with contextlib.ExitStack() as stack:
        stack.enter_context(_held(folder, plan))
        oracle = engine.make_oracle(plan, folder.state)
        stack.enter_context(report)
        service = engine.Service(oracle, address)
        stack.callback(service.close)
        workers = None
        if command:
            workers = Workers(command, service.port, folder.logs, environments)
            stack.callback(workers.end)
        stack.enter_context(processes.termination_as_interruption())
        _wait_for_the_end(oracle, service, workers, folder, report, lease)
        if oracle.trouble:
            raise oracle.trouble
    return _checked(folder)


def _wait_for_the_end(oracle, service, workers, folder, report, lease) -> None:
    fruitless, over_since = 0, None
    while not oracle.trouble:
        report.update()
        for ended in workers.ended(replace=not oracle.is_over) if workers is not None else ():
            if ended.code == 0:
                continue
            _note(folder, oracle.release(ended.name), ended.how)
            fruitless = 0 if service.has_heard(ended.name) else fruitless + 1
            if fruitless >= MOST_FRUITLESS_ENDS:
                raise InputError(f"{ended.how} before it ran a trial: {ended.last_line}")
        for worker in service.silent(lease):
            _note(folder, oracle.release(worker), f"worker {worker} fell silent")
        if oracle.is_over:
            over_since = over_since or time.monotonic()
            # Those who still ask are told that it is over, so that they end well.
            asking = len(workers) if workers is not None else len(service.waiting())
            if not asking or time.monotonic() - over_since > lease:
                return
        time.sleep(SECONDS_BETWEEN_LOOKS)


def _note(folder: SearchFolder, id: str | None, how: str) -> None:
    outcome = folder.outcomes.get(id) if id else None
    if outcome and not outcome.is_over:
        outcome.reason = how
        folder.outcomes.put(outcome)


def join(
    make_run_trial: Callable[[Plan], Callable[[Trial], float]],
    folder: SearchFolder,
    lease: float = 60.0,
) -> None:
    """Works for the chief that Keras Tuner's environment variables name, until it has no more.

    Args:
        make_run_trial: Makes what `search` takes from the chief's plan.
        folder: The chief's, on storage that both see.
        lease: The chief's; the worker gives up earlier than the chief gives up the worker.

    Raises:
        InputError: the chief cannot be reached, or not any more.
    """
    from zoo.tuning import engine

    try:
        client = engine.connect(lease / 2)
    except InputError:
        # A worker that is started after the end, as a cluster may do, has simply nothing to do.
        if folder.plan.is_file() and Plan.read(folder.plan).finished:
            return
        raise
    if not folder.plan.is_file():
        raise InputError(
            f"{folder.path}: the chief answers, but its {folder.plan.name} is not here; --run-dir "
            f"must be one folder on storage that the chief and all workers share"
        )
    plan = Plan.read(folder.plan)
    suggestions = engine.Suggestions(client, plan)
    heartbeat = Heartbeat(suggestions, lease / 6)
    name = os.environ["KERASTUNER_TUNER_ID"]
    with processes.termination_as_interruption():
        run_trials(suggestions, make_run_trial(plan), plan, folder, name, may_go_on=heartbeat)


@contextlib.contextmanager
def _held(folder: SearchFolder, plan: Plan) -> Iterator[None]:
    if not folder.plan.is_file():
        folder.create()
    with folder.only_one_search():
        plan.finished = False
        write_atomically(folder.plan, plan.to_json())
        yield
        plan.finished = True
        write_atomically(folder.plan, plan.to_json())


def _checked(folder: SearchFolder) -> list[Outcome]:
    outcomes = folder.outcomes.all()
    if outcomes and all(outcome.status == FAILED for outcome in outcomes):
        first = outcomes[0]
        raise InputError(f"every trial failed; trial {first.id}: {first.reason}")
    return outcomes
