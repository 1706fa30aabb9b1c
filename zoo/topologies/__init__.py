"""Functional builders, one file for each topology."""

from zoo.topologies.attention_n_to_m import attention_n_to_m as attention_n_to_m
from zoo.topologies.registry import build as build
from zoo.topologies.registry import list_models as list_models
