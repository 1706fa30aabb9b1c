"""Functional builders, one file for each topology."""

from zoo.topologies.attention_n_to_m import attention_n_to_m as attention_n_to_m
from zoo.topologies.captioning import captioning as captioning
from zoo.topologies.cloze import cloze as cloze
from zoo.topologies.forecast import forecast as forecast
from zoo.topologies.grid_rnn import grid_rnn as grid_rnn
from zoo.topologies.joint import joint as joint
from zoo.topologies.n_to_m import n_to_m as n_to_m
from zoo.topologies.n_to_n import n_to_n as n_to_n
from zoo.topologies.n_to_one import n_to_one as n_to_one
from zoo.topologies.one_to_frames import one_to_frames as one_to_frames
from zoo.topologies.one_to_n import one_to_n as one_to_n
from zoo.topologies.perceptron import perceptron as perceptron
from zoo.topologies.reading_comprehension import reading_comprehension as reading_comprehension
from zoo.topologies.recurrent_features import recurrent_features as recurrent_features
from zoo.topologies.registry import build as build
from zoo.topologies.registry import list_models as list_models
from zoo.topologies.skip_thought import skip_thought as skip_thought
from zoo.topologies.tagger import tagger as tagger
from zoo.topologies.token_step import TokenStep as TokenStep
