"""A cell over time: `dynamic_rnn`, the fast layers, and stacks of either."""

from zoo.recurrence.bidirectional import Bidirectional as Bidirectional
from zoo.recurrence.bidirectional_dynamic_rnn import (
    bidirectional_dynamic_rnn as bidirectional_dynamic_rnn,
)
from zoo.recurrence.dynamic_rnn import DynamicRNN as DynamicRNN
from zoo.recurrence.dynamic_rnn import dynamic_rnn as dynamic_rnn
from zoo.recurrence.gru import GRU as GRU
from zoo.recurrence.lstm import LSTM as LSTM
from zoo.recurrence.min_gru import MinGRU as MinGRU
from zoo.recurrence.min_lstm import MinLSTM as MinLSTM
from zoo.recurrence.over_time import OverTime as OverTime
from zoo.recurrence.qrnn import QRNN as QRNN
from zoo.recurrence.simple_rnn import SimpleRNN as SimpleRNN
from zoo.recurrence.sru import SRU as SRU
from zoo.recurrence.stack import RecurrentStack as RecurrentStack
