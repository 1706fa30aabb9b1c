"""The mean of a run's last checkpoints, as the weights of its model."""

from collections.abc import Sequence

import numpy as np

from zoo.errors import InputError
from zoo.training.checkpoints import Checkpoints


def average_checkpoints(checkpoints: Checkpoints, variables: Sequence, last: int) -> list[int]:
    """Puts the mean of the newest checkpoints' weights into a model's variables.

    w = (w_1 + ... + w_k) / k for every trained weight (Polyak and Juditsky 1992; as Vaswani et al.
    2017 do over their last checkpoints). All else, such as the state of a random generator, is the
    newest checkpoint's.

    Args:
        checkpoints: checkpoints of a run; each begins with the model's variables.
        variables: The variables of the model that was trained, in its order.
        last: k, how many; 1 takes the newest as it is.

    Returns:
        The steps of the checkpoints that were averaged, oldest first.

    Raises:
        InputError: fewer checkpoints than asked for, one that is not whole, or another model's.

    Example: with `run`, a `zoo.training.RunFolder`,

        average_checkpoints(run.checkpoints, model.variables, last=5)
    """
    if isinstance(last, bool) or not isinstance(last, int) or last < 1:
        raise InputError(f"last is {last!r}; expected a whole number of 1 or more")
    steps = checkpoints.steps()[-last:]
    if len(steps) < last:
        raise InputError(
            f"{checkpoints.folder}: holds {len(steps)} checkpoints; {last} cannot be averaged. A "
            f"run keeps its newest few: train with more of them kept"
        )
    trained = [bool(variable.trainable) for variable in variables]
    means: list[np.ndarray] = []
    for step in steps:
        values = _read(checkpoints, step, variables)
        if not means:
            means = [np.zeros(value.shape, "float64") for value in values]
        for mean, value, counts in zip(means, values, trained, strict=True):
            if counts:
                mean += value
    for variable, newest, mean, counts in zip(variables, values, means, trained, strict=True):
        variable.assign((mean / last).astype(newest.dtype) if counts else newest)
    return steps


def _read(checkpoints: Checkpoints, step: int, variables: Sequence) -> list[np.ndarray]:
    """The arrays of one checkpoint that stand for a model's variables, which come first in it."""
    values = checkpoints.read(step)
    if values is None:
        raise InputError(f"{checkpoints.path(step)}: is not a whole checkpoint")
    values = values[: len(variables)]
    if [value.shape for value in values] != [tuple(variable.shape) for variable in variables]:
        raise InputError(f"{checkpoints.path(step)}: holds the weights of another model")
    return values
