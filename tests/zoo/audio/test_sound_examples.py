"""The examples in the docstrings of sound and of forecasts run."""

import doctest
import importlib

import numpy as np
import pytest
import tensorflow as tf

MODULES = [
    "zoo.audio.band_convolutions",
    "zoo.audio.log_mel",
    "zoo.audio.resampling",
    "zoo.audio.spectrogram_masking",
    "zoo.audio.waveform_augmentation",
    "zoo.topologies.forecast",
    "zoo.topologies.gap_filling",
    "zoo.training.forecast_objectives",
    "recipes.baselines.forecasts",
]


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name):
    module = importlib.import_module(name)
    failed, tried = doctest.testmod(module, extraglobs={"np": np, "tf": tf})
    assert tried and not failed
