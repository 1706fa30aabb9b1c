"""Training that has left the finite numbers."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from zoo.errors import WorkFailedError


class DivergedError(WorkFailedError):
    """A loss, a measure or a weight is not finite any more; the message is one line.

    Args:
        what: the thing that is not finite, such as "loss is nan".
        step: the step at which it was noticed.
        kept: the step of the newest checkpoint, or None.
    """

    def __init__(self, what: str, step: int, kept: int | None):
        self.what, self.step = what, step
        weights = f"the weights of step {kept} are kept" if kept else "no weights are kept"
        super().__init__(
            f"training diverged: {what} at step {step}; {weights}, and no model is saved. Start "
            f"again with a lower learning_rate, and see that the data holds no extreme numbers"
        )


def not_finite(values: Mapping[str, Any]) -> str | None:
    """Returns "NAME is VALUE" of the first value that is not finite, or None."""
    for name, value in values.items():
        value = float(np.ravel(value)[0])
        if not math.isfinite(value):
            return f"{name} is {value}"
    return None


def weight_not_finite(variables: Iterable) -> str | None:
    """Returns "weight PATH is not finite" of the first such variable, or None."""
    for variable in variables:
        value = np.asarray(variable)
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            return f"weight {variable.path} is not finite"
    return None
