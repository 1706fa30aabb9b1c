"""Checks of the arguments that `dynamic_rnn` and its kin have from TensorFlow 1."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from zoo.cells import settings, step
from zoo.errors import InputError


def check_tf1_arguments(
    owner: str,
    cells: Iterable[Any],
    dtype: Any,
    parallel_iterations: Any,
    swap_memory: Any,
    time_major: Any,
    scope: Any,
) -> None:
    """Raises `InputError` for what TensorFlow 1 would not have taken in an argument's place.

    So a value that was meant for another place is never taken for something else.

    Args:
        owner: Who asks, for the message.
        cells: The cells that run.
        dtype: None, or the dtype in which every cell works.
        parallel_iterations: None, or a positive integer.
        swap_memory, time_major: True or False.
        scope: None, a name, or a TensorFlow scope, which has a name.
    """
    if dtype is not None:
        name = settings.floating_dtype(owner, dtype)
        for cell in cells:
            if step.compute_dtype(step.check_cell(owner, cell)) != name:
                works_in = step.compute_dtype(cell)
                raise InputError(
                    f"{owner} got dtype {name}, but the {type(cell).__name__} works in {works_in}: "
                    f"make it with dtype={name!r}, or leave dtype out"
                )
    if parallel_iterations is not None:
        settings.positive_integer(owner, "parallel_iterations", parallel_iterations)
    for flag, value in (("swap_memory", swap_memory), ("time_major", time_major)):
        if not isinstance(value, (bool, np.bool_)):
            raise InputError(f"{owner} expects {flag} to be True or False; got {value!r}")
    named = isinstance(getattr(scope, "name", scope), str)
    if scope is not None and not named:
        raise InputError(f"{owner} expects scope to be a name, which it ignores; got {scope!r}")
