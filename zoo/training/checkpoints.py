"""Checkpoints of everything that a training run needs to go on, written whole or not at all."""

import errno
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.files import written_whole

_NAME = re.compile(r"step-(\d+)\.npz")
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# What NumPy and its archive say of a file that is cut, empty, or no archive of arrays.
_NOT_WHOLE = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    TypeError,
    AttributeError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


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
        path = self.path(step)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with written_whole(path) as partial, open(partial, "wb") as file:
                np.savez(file, **{_key(i): np.asarray(v) for i, v in enumerate(variables)})
        except (InputError, OSError) as error:
            cause = error.__cause__ if isinstance(error, InputError) else error
            if getattr(cause, "errno", None) in _NO_SPACE:
                done = self.steps()
                kept = f"the one of step {done[-1]} is whole" if done else "there is none yet"
                raise InputError(
                    f"{self.folder}: no space left for the checkpoint of step {step}; {kept}. "
                    f"Free some space and go on with --resume"
                ) from error
            raise InputError(f"{path}: the checkpoint cannot be written: {cause}") from error
        # A later one is left from before a resuming, and was not whole then.
        done = [other for other in self.steps() if other <= step]
        for old in done[: -self.keep]:
            self.path(old).unlink(missing_ok=True)
        return path

    def path(self, step: int) -> Path:
        """Returns the file of a step."""
        return self.folder / f"step-{step:09d}.npz"

    def read(self, step: int) -> list[np.ndarray] | None:
        """Returns the arrays of a step's checkpoint in their order; None: the file is not whole."""
        try:
            with np.load(self.path(step), allow_pickle=False) as stored:
                values = {name: stored[name] for name in stored.files}
            return [values[_key(i)] for i in range(len(values))]
        except _NOT_WHOLE:
            return None

    def restore(self, variables: Sequence) -> int:
        """Reads the newest whole checkpoint into the variables and returns its step.

        Raises:
            InputError: there is none, or it was written by another model.
        """
        for step in reversed(self.steps()):
            values = self.read(step)
            if values is None:
                continue
            wanted = [tuple(variable.shape) for variable in variables]
            if [value.shape for value in values] != wanted or not all(map(_is_number, values)):
                raise InputError(
                    f"{self.path(step)}: holds the weights of another model; resume with the "
                    f"settings that the run was started with"
                )
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
            return step
        raise InputError(f"{self.folder}: there is no whole checkpoint to resume from")


def _is_number(value: np.ndarray) -> bool:
    return value.dtype.kind in "biuf"


def _key(index: int) -> str:
    # By place, not by path: Keras numbers the names of a second model in one process anew.
    return f"{index:04d}"
