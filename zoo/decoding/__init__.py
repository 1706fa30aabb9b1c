"""Forcing for training; greedy search, sampling and beam search for inference.

Decoding knows one step function and nothing of models:
`step(tokens, state, memory) -> (logits, next state)`, every tensor with its rows first.
"""

from zoo.decoding.beam import beam_search
from zoo.decoding.decoded import Decoded
from zoo.decoding.ensemble import ensemble
from zoo.decoding.greedy import greedy_search
from zoo.decoding.random_choice import choose_randomly
from zoo.decoding.sample import sample
from zoo.decoding.scheduled_sampling import (
    ConstantSampling,
    ExponentialSampling,
    InverseSigmoidSampling,
    LinearSampling,
    SamplingSchedule,
    get_sampling_schedule,
    sampling_schedules,
)
from zoo.decoding.single_hypothesis import single_hypothesis_search
from zoo.decoding.strategies import get, strategies
from zoo.decoding.streaming import Streamed, read_prompt, stream_step
from zoo.decoding.unroll import free_running, scheduled_sampling, teacher_forcing

__all__ = [
    "ConstantSampling",
    "Decoded",
    "ExponentialSampling",
    "InverseSigmoidSampling",
    "LinearSampling",
    "SamplingSchedule",
    "Streamed",
    "beam_search",
    "choose_randomly",
    "ensemble",
    "free_running",
    "get",
    "get_sampling_schedule",
    "greedy_search",
    "read_prompt",
    "sample",
    "sampling_schedules",
    "scheduled_sampling",
    "single_hypothesis_search",
    "strategies",
    "stream_step",
    "teacher_forcing",
]
