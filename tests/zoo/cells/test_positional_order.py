"""The positional order of TensorFlow 1, against TensorFlow's own legacy classes."""

import inspect
import json

import numpy as np
import pytest
import tensorflow as tf

from zoo import cells
from zoo.errors import InputError
from zoo.recurrence import bidirectional_dynamic_rnn, dynamic_rnn

# What tf.contrib had, which no package holds any more: TensorFlow 1.15's source.
CONTRIB = {
    "LayerNormBasicLSTMCell": [
        *("num_units", "forget_bias", "input_size", "activation", "layer_norm", "norm_gain"),
        *("norm_shift", "dropout_keep_prob", "dropout_prob_seed", "reuse"),
    ],
    "HighwayWrapper": ["cell", "couple_carry_transform_gates", "carry_bias_init"],
    "OutputProjectionWrapper": ["cell", "output_size", "activation", "reuse"],
}
OURS = {
    "zero_state": cells.RNNCell.zero_state,
    "dynamic_rnn": dynamic_rnn,
    "bidirectional_dynamic_rnn": bidirectional_dynamic_rnn,
}


def by_position(function):
    parameters = inspect.signature(function).parameters.values()
    kinds = {p.name: p.kind for p in parameters if p.name != "self"}
    return [name for name, kind in kinds.items() if kind == inspect.Parameter.POSITIONAL_OR_KEYWORD]


def test_every_argument_has_the_place_that_it_had(legacy_folder):
    theirs = {**json.loads((legacy_folder / "signatures.json").read_text()), **CONTRIB}
    compared = set()
    for name, expected in theirs.items():
        ours = OURS.get(name) or getattr(cells, name, None)
        if ours is None or name in ("RNNCell", "LSTMStateTuple"):
            continue
        ours = ours.__init__ if isinstance(ours, type) else ours
        assert by_position(ours) == expected, name
        compared.add(name)
    known = {"BasicRNNCell", "GRUCell", "BasicLSTMCell", "LSTMCell", "MultiRNNCell"}
    assert compared == {*known, "DropoutWrapper", "ResidualWrapper", *CONTRIB, *OURS}


def test_nine_arguments_by_position(legacy_numbers, legacy_folder):
    numbers = {name: legacy_numbers[f"time_major/{name}"] for name in ("outputs/0", "state/0")}
    inputs = np.swapaxes(legacy_numbers["time_major/inputs"], 0, 1)
    cell = cells.GRUCell(5)
    cells.load_tf1_checkpoint(cell, legacy_folder / "time_major" / "model.ckpt")
    lengths = legacy_numbers["lengths"]
    outputs, state = dynamic_rnn(cell, inputs, lengths, None, tf.float32, 32, True, True, "scope")
    np.testing.assert_allclose(np.swapaxes(outputs, 0, 1), numbers["outputs/0"], atol=2e-6)
    np.testing.assert_allclose(state, numbers["state/0"], atol=2e-6)


def fails(message, make):
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


X = np.ones((2, 3, 4), "float32")


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("expects dtype to be a floating dtype", [True]),
        ("expects dtype to be a floating dtype", [np.int32]),
        ("expects dtype to be a floating dtype", ["banana"]),
        (r"got dtype float64, but the GRUCell works in float32: make it with", [tf.float64]),
        ("expects parallel_iterations to be a positive integer; got 'scope'", [None, "scope"]),
        ("expects parallel_iterations to be a positive integer; got True", [None, True]),
        ("expects swap_memory to be True or False; got 32", [None, None, 32]),
        ("expects time_major to be True or False; got 'scope'", [None, None, False, "scope"]),
        ("expects scope to be a name, .*; got False", [None, None, False, True, False]),
    ],
)
def test_what_stands_in_a_wrong_place_is_refused(message, arguments):
    fails(message, lambda: dynamic_rnn(cells.GRUCell(4), X, None, None, *arguments))
    pair = cells.GRUCell(4), cells.GRUCell(4)
    fails(message, lambda: bidirectional_dynamic_rnn(*pair, X, None, None, None, *arguments))


@pytest.mark.parametrize(
    ("message", "make"),
    [
        (
            "BasicRNNCell got reuse=True; .*the same cell object",
            lambda: cells.BasicRNNCell(3, None, True),
        ),
        ("GRUCell got reuse=True", lambda: cells.GRUCell(3, None, True)),
        ("BasicLSTMCell got reuse=True", lambda: cells.BasicLSTMCell(3, reuse=True)),
        ("LSTMCell got reuse=True", lambda: cells.LSTMCell(3, reuse=True)),
        ("LSTMCell got num_unit_shards=2", lambda: cells.LSTMCell(3, num_unit_shards=2)),
        ("LSTMCell got num_proj_shards=2", lambda: cells.LSTMCell(3, num_proj_shards=2)),
        ("expects input_size to be", lambda: cells.LayerNormBasicLSTMCell(3, 1.0, "relu")),
        ("got reuse=True", lambda: cells.LayerNormBasicLSTMCell(3, reuse=True)),
        ("expects input_size", lambda: cells.DropoutWrapper(cells.GRUCell(3), 1, 1, 1, True, 0.5)),
        (
            "has no dropout_state_filter_visitor",
            lambda: cells.DropoutWrapper(cells.GRUCell(3), dropout_state_filter_visitor=print),
        ),
        ("got reuse=True", lambda: cells.OutputProjectionWrapper(cells.GRUCell(3), 2, None, True)),
    ],
)
def test_what_has_no_meaning_any_more_is_refused_by_name(message, make):
    fails(message, make)


def test_what_changed_no_number_is_ignored():
    assert cells.LSTMCell(3, num_unit_shards=1, reuse=False).state_size.c == 3
    assert cells.LayerNormBasicLSTMCell(3, input_size=7).num_units == 3
    wrapper = cells.DropoutWrapper(cells.GRUCell(3), 0.5, 1, 1, True, tf.TensorShape([4]), seed=1)
    assert wrapper.seed == 1
