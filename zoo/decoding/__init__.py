"""Forcing for training; greedy search, sampling and beam search for inference.

Decoding knows one step function and nothing of models:
`step(tokens, state, memory) -> (logits, next state)`, every tensor with its rows first.
"""

from zoo.decoding.beam import beam_search
from zoo.decoding.decoded import Decoded
from zoo.decoding.greedy import greedy_search
from zoo.decoding.strategies import get, strategies

__all__ = ["Decoded", "beam_search", "get", "greedy_search", "strategies"]
