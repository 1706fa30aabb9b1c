"""Keras Tuner behind one door."""

from zoo.tuning.parameter import Parameter as Parameter
