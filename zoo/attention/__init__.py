"""Attention, one step each, interchangeable by name.

    kind                 weights of a step                    sum to   state         all at once
    additive             softmax of v tanh(W q + U h)         1                      yes
    normalised_additive  the same, |v| learned on its own     1                      yes
    concat               softmax of v tanh(W [q ; h])         1                      yes
    dot, scaled_dot      softmax of q h, q h / sqrt(dim)      1                      yes
    general              softmax of q W h                     1                      yes
    local_monotonic      softmax in a window that moves on    1 (*)    step          yes
    local_predictive     the same, where the query says, and  <= 1                   yes
                         fading from its centre
    hard                 one position: drawn, or the best     1        log p, H      no
    monotonic            where a reader that only moves on    <= 1     alignment     no
                         would stop
    coverage             additive, with what was seen before  1        coverage      no

    (*) <= 1 with `gaussian=True`. All sums are 0 where no position is real.

`coverage_loss`, `reinforce_loss` and `moving_baseline` are what training adds for the last kinds.

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
