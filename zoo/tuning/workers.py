"""Worker processes on this machine."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from zoo import processes


class Ended(NamedTuple):
    """A worker that is not running any more."""

    name: str
    code: int
    log: Path

    @property
    def how(self) -> str:
        """Says how it ended."""
        if self.code >= 0:
            return f"worker {self.name} ended with exit code {self.code}"
        return f"worker {self.name} was ended by {signal.Signals(-self.code).name}"

    @property
    def last_line(self) -> str:
        """The last line that it wrote."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return (text.strip().splitlines() or [""])[-1]


class Workers:
    """Starts workers, each with the environment variables of Keras Tuner's service.

    Args:
        command: command of one worker.
        port: Where the chief listens on this machine.
        logs: A folder for what the workers print.
        environments: More variables, one mapping for each worker; its length is their number.
    """

    def __init__(
        self,
        command: Sequence[str],
        port: int,
        logs: Path,
        environments: Sequence[Mapping[str, str]],
    ):
        self.command, self.port, self.logs = list(command), port, logs
        self._running: dict[str, tuple[subprocess.Popen, Mapping[str, str]]] = {}
        self._started = 0
        for environment in environments:
            self._start(environment)

    def _start(self, environment: Mapping[str, str]) -> None:
        self._started += 1
        name = f"worker-{self._started}"
        self.logs.mkdir(parents=True, exist_ok=True)
        variables = {
            **os.environ,
            **environment,
            "KERASTUNER_TUNER_ID": name,
            "KERASTUNER_ORACLE_IP": "127.0.0.1",
            "KERASTUNER_ORACLE_PORT": str(self.port),
            "ZOO_TUNE_CHILD": "1",
        }
        process = processes.start(self.command, variables, self._log(name))
        self._running[name] = process, environment

    def __len__(self) -> int:
        return len(self._running)

    def ended(self, replace: bool) -> list[Ended]:
        """Returns the workers that ended since the last call.

        Args:
            replace: Whether to start another for each one that did not end well.
        """
        found = []
        for name, (process, environment) in list(self._running.items()):
            if (code := process.poll()) is not None:
                del self._running[name]
                found.append(Ended(name, code, self._log(name)))
                if replace and code:
                    self._start(environment)
        return found

    def end(self, seconds: float = 20.0) -> None:
        """Asks every worker to end, and ends the ones that do not."""
        processes.end((process for process, _ in self._running.values()), seconds)
        self._running.clear()

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.txt"
