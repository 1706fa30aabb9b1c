"""Checkpoints of everything that a training run needs to go on, written whole or not at all."""

import errno
import os
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.errors import InputError

_NAME = re.compile(r"step-(\d+)\.npz")


class Checkpoints:
    """The checkpoints of one folder, named by their step; the newest few are kept.

    A checkpoint is written beside its final name, forced to disk, and renamed: a kill at any
    moment leaves the last whole one.

    Args:
        folder: Made when the first checkpoint is written.
        keep: How many to keep. Defaults to 2.
    """

    def __init__(self, folder: Path, keep: int = 2):
        self.folder, self.keep = Path(folder), keep

    def steps(self) -> list[int]:
        """Returns the steps that have a checkpoint, oldest first."""
        names = [path.name for path in self.folder.glob("step-*.npz")]
        return sorted(int(match[1]) for name in names if (match := _NAME.fullmatch(name)))

    def save(self, step: int, variables: Sequence) -> Path:
        """Writes the values of Keras variables; raises `InputError` when the disk is full."""
        path = self.folder / f"step-{step:09d}.npz"
        partial = path.with_suffix(".partial")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with open(partial, "wb") as file:
                np.savez(file, **{_key(i): np.asarray(v) for i, v in enumerate(variables)})
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                done = self.steps()
                kept = f"the one of step {done[-1]} is whole" if done else "there is none yet"
                raise InputError(
                    f"{self.folder}: no space left for the checkpoint of step {step}; {kept}. "
                    f"Free some space and go on with --resume"
                ) from error
            raise InputError(f"{path}: the checkpoint cannot be written: {error}") from error
        for old in self.steps()[: -self.keep]:
            (self.folder / f"step-{old:09d}.npz").unlink(missing_ok=True)
        return path

    def restore(self, variables: Sequence) -> int:
        """Reads the newest whole checkpoint into the variables and returns its step.

        Raises:
            InputError: there is none, or it was written by another model.
        """
        for step in reversed(self.steps()):
            path = self.folder / f"step-{step:09d}.npz"
            try:
                with np.load(path) as stored:
                    values = {name: stored[name] for name in stored.files}
            except (OSError, ValueError, zipfile.BadZipFile):
                continue
            wanted = {_key(i): v for i, v in enumerate(variables)}
            shapes = {name: tuple(v.shape) for name, v in wanted.items()}
            if {name: value.shape for name, value in values.items()} != shapes:
                raise InputError(
                    f"{path}: holds the weights of another model; resume with the settings that "
                    f"the run was started with"
                )
            for name, variable in wanted.items():
                variable.assign(values[name])
            return step
        raise InputError(f"{self.folder}: there is no whole checkpoint to resume from")


def _key(index: int) -> str:
    # By place, not by path: Keras numbers the names of a second model in one process anew.
    return f"{index:04d}"
