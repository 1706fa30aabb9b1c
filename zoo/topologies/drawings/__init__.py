"""Drawings of the topologies, as boxes and arrows over time, made of a builder's settings."""

from zoo.topologies.drawings import attention as attention
from zoo.topologies.drawings import cloze as cloze
from zoo.topologies.drawings import frames as frames
from zoo.topologies.drawings import grid as grid
from zoo.topologies.drawings import perceptron as perceptron
from zoo.topologies.drawings import readers as readers
from zoo.topologies.drawings import reading as reading
from zoo.topologies.drawings import writers as writers
from zoo.topologies.drawings.paint import paint as paint
from zoo.topologies.drawings.paint import save as save
from zoo.topologies.drawings.registry import draw_model as draw_model
from zoo.topologies.drawings.registry import drawings as drawings
from zoo.topologies.drawings.registry import typed_settings as typed_settings
