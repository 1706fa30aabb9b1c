"""Fitting the variants of a comparison, each in a run folder of its own."""

import dataclasses
import math
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras

from recipes.recipe import Recipe, TrainingSettings
from recipes.workbench.run import Run
from zoo.errors import InputError
from zoo.training.run_folder import RunFolder

SPEED_FILE = "speed.json"
# The first steps trace and allocate.
_STEPS_TO_WARM_UP, _STEPS_TO_TIME = 3, 12


class StepClock(keras.callbacks.Callback):
    """Takes the time of each training step; the first of a process, which builds the graph, too."""

    def __init__(self):
        super().__init__()
        self.seconds: list[float] = []

    def on_train_batch_begin(self, batch, logs=None):
        self.began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.seconds.append(time.perf_counter() - self.began)

    @property
    def median(self) -> float | None:
        """Seconds a step; None before the first."""
        return statistics.median(self.seconds) if self.seconds else None


def fitted(
    recipe: Recipe,
    path: Path,
    settings: TrainingSettings,
    seed: int = 0,
    steps: int | None = None,
    data: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Run:
    """Returns the finished run of a folder: as it is, gone on with, or fitted from the start.

    Args:
        recipe: What to fit.
        path: The run folder; new, or of an earlier call with the same arguments.
        settings: The recipe's, as the run is to have them.
        seed: seed of weights, batches and dropout.
        steps: Optimizer steps, in place of the settings' epochs.
        data: A person's own data file, or None.
        say: Is given lines to show.

    Raises:
        InputError: the folder holds a run of other settings, the settings do not fit together, or
            training came to something that is no number.
    """
    folder = RunFolder(path)
    begun = folder.exists() and (folder.model.is_file() or bool(folder.checkpoints.steps()))
    if begun:
        run = Run.open(path, recipe.name)
        _check_same(run, settings, seed, steps, data)
    else:
        # What was killed before its first checkpoint has nothing to keep.
        shutil.rmtree(path, ignore_errors=True)
        run = Run.start(recipe, path, settings, seed, data, steps)
    if not folder.model.is_file():
        clock = StepClock()
        run.fit(resume=begun, say=say, callbacks=(clock,))
        folder.write_json(SPEED_FILE, {"seconds_a_step": clock.median})
    _check_finite(folder)
    return run


def measured(run: Run) -> dict[str, float]:
    """Returns what the recipe measures of a run on validation data; measured once."""
    kept = run.folder.read_json("metrics.json") if run.folder.metrics.is_file() else {}
    return kept["validation"] if "validation" in kept else run.evaluate("validation")


def steps_within(
    recipe: Recipe,
    all_settings: Sequence[TrainingSettings],
    minutes: float,
    seed: int = 0,
    data: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> int:
    """Returns how many steps each variant can have so that all train for so many minutes together.

    Each is run for a few steps in a folder that is thrown away. Variants that cannot be built take
    no time; what fails is for `fitted` to tell.

    Raises:
        InputError: minutes not above 0, or too few of them for one step.
    """
    if not minutes > 0:
        raise InputError(f"--budget-minutes {minutes}; expected a number above 0")
    together = 0.0
    for settings in all_settings:
        clock = StepClock()
        with tempfile.TemporaryDirectory() as folder:
            try:
                steps = _STEPS_TO_WARM_UP + _STEPS_TO_TIME
                run = Run.start(recipe, Path(folder) / "run", settings, seed, data, steps)
                run.fit(callbacks=(clock,))
            except InputError as error:
                say(f"cannot be timed: {error}")
            finally:
                keras.backend.clear_session()
        if timed := clock.seconds[_STEPS_TO_WARM_UP:]:
            together += statistics.median(timed)
            say(f"{statistics.median(timed) * 1000:.0f} ms a step")
    steps = int(minutes * 60 / together) if together else 0
    if steps < 1:
        raise InputError(f"{minutes} minutes are too few for one step of every variant")
    return steps


def _check_same(run: Run, settings, seed, steps, data) -> None:
    path = Path(data).resolve() if data else None
    was = {**dataclasses.asdict(run.settings), "seed": run.seed, "steps": run.steps}
    was["data"] = run.data
    wanted = {**dataclasses.asdict(settings), "seed": seed, "steps": steps}
    for name, value in {**wanted, "data": path}.items():
        if was[name] != value:
            raise InputError(
                f"{run.folder.path}: holds a run with {name}={was[name]}, not {value}; give "
                f"another --run-dir"
            )


def _check_finite(folder: RunFolder) -> None:
    for row in folder.read_history():
        for name, value in row.items():
            if not math.isfinite(value):
                raise InputError(f"diverged: {name} is {value} at step {row['step']:.0f}")


def row_of(name: str, changes: dict[str, Any], run: Run) -> dict[str, Any]:
    """Returns what the table says of a finished variant.

    Args:
        name: name of the variant.
        changes: Its settings.
        run: Finished.

    Returns:
        `variant`, `settings`, `failed` (empty), `weights`, `steps`, `epochs`, `step_ms` (the
        median; None where the run was killed between its last step and its end), `minutes` of
        training with its validation, `val_nats` (or `val_loss`) at the end, and every measure of
        the recipe.
    """
    values = dict(measured(run))
    values.pop("seconds", None)
    history = run.folder.read_history()
    loss = "val_nats" if "val_nats" in history[-1] else "val_loss"
    speed = None
    if (run.folder.path / SPEED_FILE).is_file():
        speed = run.folder.read_json(SPEED_FILE)["seconds_a_step"]
    return {
        "variant": name,
        "settings": " ".join(f"{key}={value}" for key, value in changes.items()),
        "failed": "",
        run.recipe.metric: values.pop(run.recipe.metric),
        loss: history[-1][loss],
        "weights": run.model.count_params(),
        "steps": int(history[-1]["step"]),
        "epochs": round(history[-1]["epoch"], 2),
        "step_ms": speed and round(speed * 1000, 1),
        "minutes": round(sum(row["seconds"] for row in history) / 60, 2),
        **values,
    }
