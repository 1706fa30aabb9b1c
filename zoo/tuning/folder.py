"""The folder that holds everything about one search."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from zoo.errors import InputError
from zoo.files import check_new_folder
from zoo.lock import lock
from zoo.tuning.trial import Outcomes


class SearchFolder:
    """The paths of a search.

    ```
    search.json     space, algorithm, budget, and what the caller needs to go on with it
    oracle.json     what the algorithm has drawn and been told
    trials/<id>/    a folder a trial
    outcomes/       what became of each trial
    logs/           what each trial, and each worker, printed
    trials.csv      the same as outcomes/, a row a trial
    best.json       the best settings
    trials.png      what mattered
    ```

    Args:
        path: The folder; it need not exist yet.
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)
        self.plan = self.path / "search.json"
        self.state = self.path / "oracle.json"
        self.trials = self.path / "trials"
        self.logs = self.path / "logs"
        self.table = self.path / "trials.csv"
        self.best = self.path / "best.json"
        self.picture = self.path / "trials.png"
        self.outcomes = Outcomes(self.path / "outcomes")

    def create(self) -> None:
        """Makes the folder; raises `InputError` if it cannot be made or holds something else."""
        check_new_folder(self.path, self.plan.name, "search")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{self.path}: cannot be made: {error.strerror}") from error

    @contextlib.contextmanager
    def only_one_search(self) -> Iterator[None]:
        """Holds the folder; raises `InputError` where another process does."""
        with lock(self.path / "lock") as taken:
            if not taken():
                raise InputError(f"{self.path}: another process is searching here right now")
            yield

    @contextlib.contextmanager
    def only_one_runner(self, id: str, wait: Callable[[], None]) -> Iterator[None]:
        """Holds a trial, so that two workers never write into one folder.

        Args:
            id: The trial.
            wait: Is called again and again while another process holds it.
        """
        self.trials.mkdir(parents=True, exist_ok=True)
        with lock(self.trials / f"{id}.lock") as taken:
            while not taken():
                wait()
            yield
