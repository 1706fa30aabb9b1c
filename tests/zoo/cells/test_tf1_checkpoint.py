"""Checkpoints of TensorFlow 1: real ones from the legacy cells, made-up ones for the corners."""

import re

import keras
import numpy as np
import pytest

from zoo import cells
from zoo.errors import InputError


def array(*shape):
    return np.arange(np.prod(shape), dtype="float32").reshape(shape) / 10


def basic(scope, rows=8, units=5, kind="basic_rnn_cell", factor=1):
    return {f"{scope}{kind}/kernel": array(rows, factor * units),
            f"{scope}{kind}/bias": array(factor * units)}  # fmt: skip


def test_an_unbuilt_cell_is_built_to_fit(legacy_folder):
    cell = cells.LSTMCell(5, use_peepholes=True, num_proj=2, cell_clip=0.5, proj_clip=0.2)
    cells.load_tf1_checkpoint(cell, legacy_folder / "lstm_everything" / "model.ckpt")
    assert cell.built
    assert cell.input_features == 3
    assert cell.projection_kernel.shape == (5, 2)


def test_a_folder_stands_for_its_latest_checkpoint(legacy_folder):
    one, other = cells.GRUCell(5), cells.GRUCell(5)
    cells.load_tf1_checkpoint(one, legacy_folder / "gru")
    cells.load_tf1_checkpoint(other, str(legacy_folder / "gru" / "model.ckpt"))
    for first, second in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    assert np.any(one.get_weights()[0])


def test_one_layer_of_a_stack(legacy_folder):
    stack = cells.MultiRNNCell([cells.BasicLSTMCell(n) for n in (5, 4, 2)])
    cells.load_tf1_checkpoint(stack, legacy_folder / "stack")
    alone = cells.BasicLSTMCell(4)
    scope = "rnn/multi_rnn_cell/cell_1"
    cells.load_tf1_checkpoint(alone, legacy_folder / "stack", scope=scope)
    np.testing.assert_array_equal(alone.kernel.numpy(), stack.cells[1].kernel.numpy())


def test_wrappers_are_seen_through():
    inner = cells.BasicRNNCell(5)
    cell = cells.DropoutWrapper(cells.ResidualWrapper(inner), output_keep_prob=0.5)
    cells.load_tf1_checkpoint(cell, basic("decoder/", rows=10))
    np.testing.assert_array_equal(inner.kernel.numpy(), array(10, 5))


def test_wrappers_with_weights_of_their_own():
    given = {
        **basic("rnn/", rows=10),
        "rnn/carry_w": array(5, 5),
        "rnn/carry_b": array(5),
        **basic("out/output_projection_wrapper/", rows=8),
        "out/output_projection_wrapper/kernel": array(5, 2),
        "out/output_projection_wrapper/bias": array(2),
    }
    highway = cells.HighwayWrapper(cells.BasicRNNCell(5))
    cells.load_tf1_checkpoint(highway, given, scope="rnn")
    np.testing.assert_array_equal(highway.carry_w.numpy(), array(5, 5))
    projection = cells.OutputProjectionWrapper(cells.BasicRNNCell(5), 2)
    cells.load_tf1_checkpoint(projection, given, scope="out")
    np.testing.assert_array_equal(projection.kernel.numpy(), array(5, 2))
    assert projection.cell.input_features == 3


def test_contrib_cells():
    parts = ("input", "transform", "forget", "output", "state")
    given = {"rnn/layer_norm_basic_lstm_cell/kernel": array(7, 16)}
    for number, part in enumerate(parts):
        given[f"rnn/layer_norm_basic_lstm_cell/{part}/gamma"] = np.full(4, number)
        given[f"rnn/layer_norm_basic_lstm_cell/{part}/beta"] = np.full(4, -number)
    cell = cells.LayerNormBasicLSTMCell(4)
    cells.load_tf1_checkpoint(cell, given)
    np.testing.assert_array_equal(cell.output_gamma.numpy(), [3] * 4)
    np.testing.assert_array_equal(cell.state_beta.numpy(), [-4] * 4)

    scope = "cudnn_compatible_gru_cell"
    gru = cells.GRUCell(2, reset_after=True)
    cells.load_tf1_checkpoint(
        gru,
        {
            f"{scope}/gates/kernel": array(5, 4),
            f"{scope}/gates/bias": array(4),
            f"{scope}/candidate/input_projection/kernel": array(3, 2),
            f"{scope}/candidate/input_projection/bias": array(2),
            f"{scope}/candidate/hidden_projection/kernel": array(2, 2),
            f"{scope}/candidate/hidden_projection/bias": array(2) + 1,
        },
    )
    np.testing.assert_array_equal(gru.input_kernel.numpy(), array(3, 2))
    np.testing.assert_array_equal(gru.hidden_bias.numpy(), array(2) + 1)


def test_names_of_before_tensorflow_1_2():
    old = {"RNN/basic_rnn_cell/weights": array(8, 5), "RNN/basic_rnn_cell/biases": array(5)}
    cell = cells.BasicRNNCell(5)
    cells.load_tf1_checkpoint(cell, old)
    np.testing.assert_array_equal(cell.bias.numpy(), array(5))


def test_slots_and_dense_layers_are_passed_over():
    given = basic("rnn/")
    given |= {f"{name}/Adam": value + 1 for name, value in given.items()}
    given |= {"dense/kernel": array(8, 5) + 2, "dense/bias": array(5) + 2}
    cell = cells.BasicRNNCell(5)
    cells.load_tf1_checkpoint(cell, given)
    np.testing.assert_array_equal(cell.kernel.numpy(), array(8, 5))


def test_a_cell_that_somebody_named():
    cell = cells.BasicRNNCell(5)
    cells.load_tf1_checkpoint(cell, basic("", kind="my_cell"))
    np.testing.assert_array_equal(cell.kernel.numpy(), array(8, 5))


@pytest.mark.parametrize(
    ("cell", "given", "scope", "message"),
    [
        (cells.GRUCell(5), basic("rnn/"), "", "does not hold the gates/kernel, .* of GRUCell; it"),
        (cells.BasicRNNCell(5), basic("rnn/"), "other", "under other; it holds: rnn/basic_rnn_cel"),
        (cells.BasicRNNCell(5), {}, "", "it holds: nothing"),
        (
            cells.BasicRNNCell(5),
            {**basic("fw/"), **basic("bw/")},
            "",
            "2 times, in bw/basic_rnn_cell, fw/basic_rnn_cell; say which with scope=",
        ),
        (
            cells.BasicRNNCell(4),
            basic("rnn/"),
            "",
            "rnn/basic_rnn_cell/kernel has shape (8, 5); the cell expects (8, 4)",
        ),
        (
            cells.MultiRNNCell([cells.BasicRNNCell(5), cells.BasicRNNCell(5)]),
            basic("multi_rnn_cell/cell_0/"),
            "",
            "of BasicRNNCell under cell_1",
        ),
        (keras.layers.GRUCell(5), basic("rnn/"), "", "cells that TensorFlow 1 had; got GRUCell"),
    ],
)
def test_what_cannot_be_loaded(cell, given, scope, message):
    pattern = re.escape(message).replace(r"\.\*", ".*")
    with pytest.raises(InputError, match=pattern) as caught:
        cells.load_tf1_checkpoint(cell, given, scope=scope)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["nothing", "text.txt", "."])
def test_what_is_no_checkpoint(tmp_path, name):
    (tmp_path / "text.txt").write_text("not a checkpoint")
    with pytest.raises(InputError, match="no TensorFlow checkpoint at"):
        cells.load_tf1_checkpoint(cells.GRUCell(2), tmp_path / name)
