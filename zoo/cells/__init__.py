"""One step of time: `output, next_states = cell(inputs, states)`."""

from zoo.cells.basic_lstm_cell import BasicLSTMCell
from zoo.cells.basic_rnn_cell import BasicRNNCell
from zoo.cells.cell_wrapper import CellWrapper
from zoo.cells.dropout_wrapper import DropoutWrapper
from zoo.cells.gru_cell import GRUCell
from zoo.cells.highway_wrapper import HighwayWrapper
from zoo.cells.keras_convention import to_keras
from zoo.cells.layer_norm_basic_lstm_cell import LayerNormBasicLSTMCell
from zoo.cells.lstm_cell import LSTMCell
from zoo.cells.lstm_state_tuple import LSTMStateTuple
from zoo.cells.min_gru_cell import MinGRUCell
from zoo.cells.min_lstm_cell import MinLSTMCell
from zoo.cells.multi_rnn_cell import MultiRNNCell
from zoo.cells.output_in import output_in
from zoo.cells.output_projection_wrapper import OutputProjectionWrapper
from zoo.cells.qrnn_cell import QRNNCell
from zoo.cells.registry import get, names
from zoo.cells.residual_wrapper import ResidualWrapper
from zoo.cells.rnn_cell import RNNCell
from zoo.cells.sru_cell import SRUCell
from zoo.cells.step import one_sequence
from zoo.cells.tf1_checkpoint import load_tf1_checkpoint
from zoo.cells.zoneout_wrapper import ZoneoutWrapper

__all__ = [
    "BasicLSTMCell",
    "BasicRNNCell",
    "CellWrapper",
    "DropoutWrapper",
    "GRUCell",
    "HighwayWrapper",
    "LSTMCell",
    "LSTMStateTuple",
    "LayerNormBasicLSTMCell",
    "MinGRUCell",
    "MinLSTMCell",
    "MultiRNNCell",
    "OutputProjectionWrapper",
    "QRNNCell",
    "RNNCell",
    "ResidualWrapper",
    "SRUCell",
    "ZoneoutWrapper",
    "get",
    "load_tf1_checkpoint",
    "names",
    "one_sequence",
    "output_in",
    "to_keras",
]
