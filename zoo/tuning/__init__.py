"""Keras Tuner behind one door.

`zoo.tuning.engine` is the only module that imports Keras Tuner, and it is imported when a search
starts: a recipe can declare its search space where Keras Tuner is not installed.
"""

from zoo.tuning.parameter import Parameter as Parameter
