"""Answers as plain values: what JSON has, and what a person can read."""

from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Turns arrays, NumPy numbers and bytes inside a value into what JSON has."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, float) and not np.isfinite(value):
        # JSON has no infinity: a hypothesis that does not exist has no score.
        return None
    return value
