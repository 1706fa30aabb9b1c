"""Attention, one step each, interchangeable by name.

Example:

>>> import numpy as np
>>> attention = get("additive", units=8)
>>> memory = attention.memory(np.ones((2, 5, 6)))
>>> context, weights, state = attention(np.ones((2, 4)), memory)
"""

from zoo.attention.additive import AdditiveAttention
from zoo.attention.base import Attention
from zoo.attention.catalog import get, names
from zoo.attention.concat import ConcatAttention
from zoo.attention.content import ContentAttention
from zoo.attention.coverage import CoverageAttention, CoverageState, coverage_loss
from zoo.attention.dot import DotAttention, ScaledDotAttention
from zoo.attention.general import GeneralAttention
from zoo.attention.hard import HardAttention, HardState
from zoo.attention.local import LocalMonotonicAttention, LocalPredictiveAttention, LocalState
from zoo.attention.memory import Memory
from zoo.attention.monotonic import MonotonicAttention, MonotonicState
from zoo.attention.normalised_additive import NormalisedAdditiveAttention
from zoo.attention.reinforce import moving_baseline, reinforce_loss

__all__ = [
    "AdditiveAttention",
    "Attention",
    "ConcatAttention",
    "ContentAttention",
    "CoverageAttention",
    "CoverageState",
    "DotAttention",
    "GeneralAttention",
    "HardAttention",
    "HardState",
    "LocalMonotonicAttention",
    "LocalPredictiveAttention",
    "LocalState",
    "Memory",
    "MonotonicAttention",
    "MonotonicState",
    "NormalisedAdditiveAttention",
    "ScaledDotAttention",
    "coverage_loss",
    "get",
    "moving_baseline",
    "names",
    "reinforce_loss",
]
