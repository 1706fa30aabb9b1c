"""Attention, one step each, interchangeable by name."""

from zoo.attention.additive import AdditiveAttention
from zoo.attention.base import Attention
from zoo.attention.catalog import get, names
from zoo.attention.concat import ConcatAttention
from zoo.attention.content import ContentAttention
from zoo.attention.dot import DotAttention, ScaledDotAttention
from zoo.attention.general import GeneralAttention
from zoo.attention.memory import Memory

__all__ = [
    "AdditiveAttention",
    "Attention",
    "ConcatAttention",
    "ContentAttention",
    "DotAttention",
    "GeneralAttention",
    "Memory",
    "ScaledDotAttention",
    "get",
    "names",
]
