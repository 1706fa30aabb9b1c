"""What TensorFlow 1 called the variables of its cells."""

from typing import Any

from zoo.cells.basic_lstm_cell import BasicLSTMCell
from zoo.cells.basic_rnn_cell import BasicRNNCell
from zoo.cells.gru_cell import GRUCell
from zoo.cells.highway_wrapper import HighwayWrapper
from zoo.cells.layer_norm_basic_lstm_cell import LayerNormBasicLSTMCell
from zoo.cells.lstm_cell import LSTMCell
from zoo.cells.output_projection_wrapper import OutputProjectionWrapper

_KERNEL_AND_BIAS = {"kernel": "kernel", "bias": "bias"}


def tf1_names(owner: Any) -> tuple[str, dict[str, str]] | None:
    """The scope that TensorFlow 1 named after a cell, and its variables inside that scope.

    Args:
        owner: A zoo cell or wrapper.

    Returns:
        `(scope, {attribute of the zoo's cell: name in TensorFlow 1})`, or None where `owner` has no
        variables of its own. Inner cells are not looked at.
    """
    names = _NAMES.get(type(owner))
    return names and names(owner)


def _lstm(cell: LSTMCell):
    names = dict(_KERNEL_AND_BIAS)
    if cell.use_peepholes:
        names |= {name: name for name in ("w_f_diag", "w_i_diag", "w_o_diag")}
    if cell.num_proj:
        names["projection_kernel"] = "projection/kernel"
    return "lstm_cell", names


def _gru(cell: GRUCell):
    names = {"gate_kernel": "gates/kernel", "gate_bias": "gates/bias"}
    if not cell.reset_after:
        names |= {"candidate_kernel": "candidate/kernel", "candidate_bias": "candidate/bias"}
        return "gru_cell", names
    for side in ("input", "hidden"):
        for kind in ("kernel", "bias"):
            names[f"{side}_{kind}"] = f"candidate/{side}_projection/{kind}"
    return "cudnn_compatible_gru_cell", names


def _layer_norm_lstm(cell: LayerNormBasicLSTMCell):
    names = dict(_KERNEL_AND_BIAS)
    if cell.layer_norm:
        del names["bias"]
        for part in ("input", "transform", "forget", "output", "state"):
            names |= {f"{part}_{kind}": f"{part}/{kind}" for kind in ("gamma", "beta")}
    return "layer_norm_basic_lstm_cell", names


def _highway(cell: HighwayWrapper):
    gates = ("carry",) if cell.couple_carry_transform_gates else ("carry", "transform")
    # This wrapper opened no scope: its variables lie in the scope around.
    return "", {f"{gate}_{kind}": f"{gate}_{kind}" for gate in gates for kind in ("w", "b")}


_NAMES = {
    BasicRNNCell: lambda cell: ("basic_rnn_cell", _KERNEL_AND_BIAS),
    GRUCell: _gru,
    BasicLSTMCell: lambda cell: ("basic_lstm_cell", _KERNEL_AND_BIAS),
    LSTMCell: _lstm,
    LayerNormBasicLSTMCell: _layer_norm_lstm,
    HighwayWrapper: _highway,
    OutputProjectionWrapper: lambda cell: ("output_projection_wrapper", _KERNEL_AND_BIAS),
}
