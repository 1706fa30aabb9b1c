"""The folder that holds everything about one training run."""

import contextlib
import csv
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy
import tensorflow as tf

from zoo.errors import InputError
from zoo.files import (
    check_new_folder,
    read_json,
    remove_partial_files,
    write_atomically,
    write_json,
    written_whole,
)
from zoo.lock import lock
from zoo.training.checkpoints import Checkpoints
from zoo.version import __version__


class RunFolder:
    """Paths, and atomic reading and writing, of a run's files.

    ```
    run.json        recipe, settings, seed, data, environment
    assets/         what the recipe made of its data: vocabularies, statistics
    checkpoints/    weights, optimizer and random states, newest two
    history.csv     one row a round: step, epoch, losses, learning rate, seconds
    tensorboard/    the same for TensorBoard
    model.keras     the trained model
    metrics.json    what evaluation measured
    lock            held by the process that trains
    ```

    Args:
        path: The folder; it need not exist yet.
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)
        self.checkpoints = Checkpoints(self.path / "checkpoints")

    @property
    def assets(self) -> Path:
        return self.path / "assets"

    @property
    def model(self) -> Path:
        return self.path / "model.keras"

    @property
    def history(self) -> Path:
        return self.path / "history.csv"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.json"

    def exists(self) -> bool:
        """Whether a run was started here."""
        return (self.path / "run.json").is_file()

    def create(self, description: dict[str, Any]) -> None:
        """Starts the folder; raises `InputError` if it cannot be made or holds something else."""
        check_new_folder(self.path, "run.json", "run")
        try:
            self.assets.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{self.path}: cannot be made: {error.strerror or error}") from error
        self.write_json("run.json", {**description, "environment": environment()})

    def description(self) -> dict[str, Any]:
        """Returns what run.json holds; raises `InputError` where there is no run."""
        if not self.exists():
            raise InputError(f"{self.path}: there is no run here (run.json is missing)")
        described = self.read_json("run.json")
        if not isinstance(described, dict) or "recipe" not in described:
            raise InputError(f"{self.path / 'run.json'}: is not the description of a run")
        return described

    @contextlib.contextmanager
    def only_one_writer(self) -> Iterator[None]:
        """Holds the folder for training; what a killed process left half written is removed.

        Raises:
            InputError: another process trains here right now.
        """
        with lock(self.path / "lock") as taken:
            if not taken():
                raise InputError(
                    f"{self.path}: another process is training here right now; wait for its end, "
                    f"or give another --run-dir"
                )
            for folder in (self.path, self.checkpoints.folder):
                remove_partial_files(folder)
            yield

    @contextlib.contextmanager
    def discarded_where_refused(self) -> Iterator[None]:
        """Removes the folder where an `InputError` comes out before there is a checkpoint."""
        try:
            yield
        except InputError:
            if self.exists() and not self.checkpoints.steps():
                shutil.rmtree(self.path, ignore_errors=True)
            raise

    def read_json(self, name: str) -> Any:
        """Reads one of the folder's JSON files; raises `InputError` where it is not JSON."""
        return read_json(self.path / name)

    def write_json(self, name: str, value: Any) -> None:
        """Writes a JSON file whole or not at all."""
        write_json(self.path / name, value)

    def read_history(self) -> list[dict[str, float]]:
        """Returns the rows of history.csv as numbers; none where it is not there yet.

        Raises:
            InputError: a line holds something else than numbers, or no step.
        """
        if not self.history.is_file():
            return []
        rows, number = [], 1
        try:
            with open(self.history, encoding="utf-8", newline="") as file:
                for number, line in enumerate(csv.DictReader(file), 2):  # noqa: B007
                    row = {name: float(value) for name, value in line.items() if value}
                    if not {"step", "epoch"} <= set(row):
                        raise ValueError("step or epoch is missing")
                    rows.append(row)
        except (OSError, ValueError, TypeError, csv.Error) as error:
            raise InputError(
                f"{self.history}: line {number} is not a round of training ({error}); remove the "
                f"file to go on without the earlier rounds"
            ) from error
        return rows

    def write_history(self, rows: list[dict[str, float]]) -> None:
        """Writes history.csv anew, whole or not at all."""
        names = list(dict.fromkeys(name for row in rows for name in row))
        lines = [",".join(names)]
        lines += [",".join(_number(row.get(name)) for name in names) for row in rows]
        write_atomically(self.history, "\n".join(lines) + "\n")

    def save_model(self, model: keras.Model) -> None:
        """Writes model.keras whole or not at all; raises `InputError` when the disk is full."""
        with written_whole(self.model) as partial:
            model.save(partial)

    def load_model(self) -> keras.Model:
        """Reads model.keras; raises `InputError` where it is not there, or not whole."""
        if not self.model.is_file():
            raise InputError(
                f"{self.path}: training has not finished (model.keras is missing); "
                f"finish it with --resume"
            )
        try:
            return keras.models.load_model(self.model, compile=False)
        # Keras says what is wrong with a file in many ways, some as bare as a KeyError.
        except Exception as error:
            line = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise InputError(
                f"{self.model}: cannot be read as a model of the zoo ({line}); remove it, and "
                f"--resume makes it from the newest checkpoint"
            ) from error


def environment() -> dict[str, Any]:
    """Returns versions, device and commit: what a number needs beside it to be trusted."""
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    return {
        "rnn_zoo": __version__,
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": numpy.__version__,
        "device": device() + (f", {replicas} replicas" if replicas > 1 else ""),
        "commit": _commit(),
    }


def device() -> str:
    """Names what computes: the first GPU, or the processor with its number of cores."""
    if gpus := tf.config.list_physical_devices("GPU"):
        return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU"))
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return (
        f"{model}, {len(os.sched_getaffinity(0))} cores"
        if hasattr(os, "sched_getaffinity")
        else f"{model}, {os.cpu_count()} cores"
    )


def _commit() -> str | None:
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if float(value).is_integer() else f"{value:.6g}"
