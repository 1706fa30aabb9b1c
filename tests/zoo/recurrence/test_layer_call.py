"""Nothing that does not fit is computed with: every layer, on every path."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zoo import cells
from zoo.cells import LSTMStateTuple
from zoo.errors import InputError
from zoo.recurrence import (
    GRU,
    LSTM,
    QRNN,
    SRU,
    Bidirectional,
    DynamicRNN,
    MinLSTM,
    OverTime,
    RecurrentStack,
    SimpleRNN,
)

UNITS, WIDTH = 3, 2
KERAS = {
    "gru": lambda: GRU(UNITS, return_sequences=True),
    "lstm": lambda: LSTM(UNITS, return_sequences=True, go_backwards=True),
    "wide_lstm": lambda: LSTM(120, return_sequences=True),
    "simple_rnn": lambda: SimpleRNN(UNITS, return_sequences=True),
    "sru": lambda: SRU(UNITS, return_sequences=True),
    "qrnn": lambda: QRNN(UNITS, return_sequences=True),
    "min_lstm": lambda: MinLSTM(UNITS, return_sequences=True),
    "bidirectional": lambda: Bidirectional(GRU(UNITS, return_sequences=True)),
}
OURS = {
    "dynamic_rnn": lambda: DynamicRNN(cells.GRUCell(UNITS)),
    "over_time": lambda: OverTime("lstm", UNITS),
    "stack": lambda: RecurrentStack("gru", UNITS, num_layers=2, bidirectional=True),
    "stack_of_cells": lambda: RecurrentStack("basic_lstm", UNITS),
}
PATHS = ("eager", "known", "unknown", "model")
a_few = settings(
    max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
INPUT_SPECS = [tf.TensorSpec([None, None, WIDTH]), tf.TensorSpec([None, None], tf.bool)]
LENGTH_SPEC = tf.TensorSpec([None], tf.int32)


def first(results):
    return tf.nest.flatten(results)[0]


class Paths:
    """One layer, to be run in eager code, in graphs of known and unknown shape, and as a model."""

    def __init__(self, make, takes_mask):
        self.layer, self.takes_mask = make(), takes_mask
        known = tf.function(self.run, autograph=False)
        specs = [INPUT_SPECS[0], *([INPUT_SPECS[1]] if takes_mask else []), LENGTH_SPEC]
        unknown = tf.function(self.run, input_signature=specs, autograph=False)
        symbolic = [keras.Input([None, WIDTH])]
        if takes_mask:
            symbolic.append(keras.Input([None], dtype="bool"))
        symbolic.append(keras.Input([], dtype="int32"))
        model = keras.Model(symbolic, self.run(*symbolic))
        self.by_name = {
            "eager": self.run,
            "known": known,
            "unknown": unknown,
            "model": lambda *given: model.predict_on_batch([np.asarray(part) for part in given]),
        }

    def run(self, sequences, *rest):
        mask = {"mask": rest[0]} if self.takes_mask else {}
        return first(self.layer(sequences, sequence_length=rest[-1], **mask))

    def __call__(self, path, sequences, mask, lengths):
        given = [tf.constant(sequences)]
        if self.takes_mask:
            given.append(tf.constant(mask))
        return np.asarray(self.by_name[path](*given, tf.constant(lengths, tf.int32)))


BY_DEFAULT = ("gru", "stack")


@pytest.fixture(
    scope="module",
    params=[
        name if name in BY_DEFAULT else pytest.param(name, marks=pytest.mark.slow)
        for name in (*KERAS, *OURS)
    ],
)
def paths(request):
    name = request.param
    return Paths({**KERAS, **OURS}[name], name in KERAS)


@st.composite
def calls(draw):
    """Shapes and lengths, most of which fit."""
    rows, steps = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    mask_shape = draw(
        st.one_of(st.just((rows, steps)), st.tuples(st.integers(1, 4), st.integers(1, 5)))
    )
    counts = draw(st.one_of(st.just(rows), st.integers(1, 5)))
    bounds = draw(st.sampled_from([(0, steps), (0, steps), (-2, steps + 2)]))
    lengths = draw(st.lists(st.integers(*bounds), min_size=counts, max_size=counts))
    return rows, steps, mask_shape, lengths


@a_few
@given(call=calls(), path=st.sampled_from(PATHS))
def test_it_fits_or_it_is_refused(paths, call, path):
    rows, steps, mask_shape, lengths = call
    random = np.random.default_rng(rows * 100 + steps)
    sequences = random.normal(size=(rows, steps, WIDTH)).astype("float32")
    mask = random.random(mask_shape) < 0.8
    fits = len(lengths) == rows and all(0 <= length <= steps for length in lengths)
    fits &= mask_shape == (rows, steps) or not paths.takes_mask
    if not fits:
        # Which of the two it is follows from what is known before the graph runs.
        refusals = {"eager": InputError, "known": (InputError, tf.errors.InvalidArgumentError)}
        expected = refusals.get(path, tf.errors.InvalidArgumentError)
        if path == "model":
            expected = (InputError, tf.errors.InvalidArgumentError)
        with pytest.raises(expected):
            paths(path, sequences, mask, lengths)
        return
    outputs = paths(path, sequences, mask, lengths)
    for row, length in enumerate(lengths):
        # A row by itself, cut at its length: no other row's steps and no padding come into it.
        one = paths("eager", sequences[row : row + 1], mask[row : row + 1], [length])
        np.testing.assert_allclose(outputs[row], one[0], atol=1e-5)


X = np.random.default_rng(0).normal(size=(4, 6, WIDTH)).astype("float32")
every_layer = pytest.mark.parametrize("name", [*KERAS, *OURS])
every_keras_layer = pytest.mark.parametrize("name", KERAS)


def fails(message, call):
    with pytest.raises(InputError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


@every_layer
@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([1, 2], r"expects lengths of shape \(4,\); got \(2,\)"),
        (3, r"expects lengths of shape \(4,\); got \(\)"),
        ([[1], [2], [3], [4]], r"expects lengths of shape \(4,\); got \(4, 1\)"),
        ([1, 2, 3, 7], "expects lengths from 0 to 6; got 7 in row 3"),
        ([1, -1, 3, 6], "expects lengths from 0 to 6; got -1 in row 1"),
        ([1.0, 2.0, 3.0, 4.0], "expects integer lengths; got dtype float"),
        ([True, True, True, False], "expects integer lengths; got dtype bool"),
    ],
)
def test_lengths_that_cannot_be(name, lengths, message):
    layer = {**KERAS, **OURS}[name]()
    for given_ in (lengths, np.array(lengths), tf.constant(lengths)):
        fails(message, lambda given_=given_: layer(X, sequence_length=given_))
    first(layer(X, sequence_length=[1, 0, 3, 6]))
    if not isinstance(lengths, list) or len(lengths) != 4 or message.endswith("(4, 1)"):
        symbolic = keras.Input(batch_shape=(4, 6, WIDTH))
        given_ = keras.Input(batch_shape=np.shape(lengths), dtype="int32")
        fails(message, lambda: layer(symbolic, sequence_length=given_))


@every_keras_layer
@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.ones((4, 5), bool), r"expects a mask of shape \(4, 6\); got \(4, 5\)"),
        (np.ones((6, 4), bool), r"expects a mask of shape \(4, 6\); got \(6, 4\)"),
        (np.ones((4, 6, 1), bool), r"expects a mask of shape \(4, 6\); got \(4, 6, 1\)"),
        (np.ones(4, bool), r"expects a mask of shape \(4, 6\); got \(4,\)"),
        (np.ones((4, 6), "float32"), "of dtype bool.* got float32: give mask != 0"),
        (np.ones((4, 6), "int32"), "of dtype bool.* got int32"),
    ],
)
def test_masks_that_cannot_be(name, mask, message):
    layer = KERAS[name]()
    for given_ in (mask, tf.constant(mask), mask.tolist()):
        if "32" not in message or (given_ is not None and hasattr(given_, "shape")):
            fails(message, lambda given_=given_: layer(X, mask=given_))
    symbolic = keras.Input(batch_shape=(4, 6, WIDTH))
    given_ = keras.Input(batch_shape=mask.shape, dtype=str(mask.dtype))
    fails(message, lambda: layer(symbolic, mask=given_))


@every_keras_layer
def test_lists_are_masks_and_lengths(name):
    layer = KERAS[name]()
    mask = [[step <= row for step in range(6)] for row in range(4)]
    expected = layer(X, mask=tf.constant(mask))
    np.testing.assert_array_equal(layer(X, mask=mask), expected)
    np.testing.assert_allclose(layer(X, sequence_length=[1, 2, 3, 4]), expected, atol=1e-6)


def test_a_mask_that_keras_attached_is_looked_at_too():
    layer = GRU(UNITS)
    steps = keras.layers.Embedding(9, WIDTH, mask_zero=True)(np.array([[1, 2, 0], [3, 0, 0]]))
    cut = tf.identity(steps[:, :2])
    cut._keras_mask = steps._keras_mask
    fails(r"expects a mask of shape \(2, 2\); got \(2, 3\)", lambda: layer(cut))
    assert layer(steps).shape == (2, UNITS)


@every_layer
def test_whole_numbers_and_booleans_are_numbers(name):
    layer = {**KERAS, **OURS}[name]()
    whole = np.random.default_rng(1).integers(-2, 3, X.shape)
    expected = first(layer(whole.astype("float32")))
    for dtype in ("int64", "int32", "uint8", "bool"):
        values = whole.astype(dtype)
        wanted = first(layer(values.astype("float32"))) if dtype in ("uint8", "bool") else expected
        np.testing.assert_allclose(first(layer(values)), wanted, atol=1e-6)
        np.testing.assert_allclose(first(layer(tf.constant(values))), wanted, atol=1e-6)
    symbolic = keras.Input((None, WIDTH), dtype="int32")
    model = keras.Model(symbolic, first(layer(symbolic)))
    np.testing.assert_allclose(model(whole.astype("int32")), expected, atol=1e-5)


@every_layer
def test_inputs_that_cannot_be(name):
    layer = {**KERAS, **OURS}[name]()
    ragged = tf.RaggedTensor.from_tensor(X, [3, 2, 6, 0])
    fails(r"ragged one: give x.to_tensor\(\), and x.row_lengths\(\)", lambda: layer(ragged))
    dense = first(layer(ragged.to_tensor(), sequence_length=ragged.row_lengths()))
    assert dense.shape[:2] == (4, 6)
    fails(r"expects inputs \(batch, time, features\); got shape \(4, 6\)", lambda: layer(X[..., 0]))
    fails("of a floating or integer dtype; got string", lambda: layer(tf.fill([4, 6, 2], "a")))
    fails("got lists of different lengths: pad them", lambda: layer([[[1.0, 2.0]], [[1.0]]]))
    fails("got a sparse one", lambda: layer(tf.sparse.from_dense(X)))


def states(count, rows=4, units=UNITS):
    return [tf.zeros([rows, units])] * count


@pytest.mark.parametrize(
    ("make", "right"),
    [
        (lambda: GRU(UNITS), 1),
        (lambda: SimpleRNN(UNITS), 1),
        (lambda: LSTM(UNITS), 2),
        (lambda: Bidirectional(GRU(UNITS)), 2),
        (lambda: Bidirectional(LSTM(UNITS)), 4),
    ],
)
def test_the_number_of_initial_states(make, right):
    layer, inputs = make(), keras.Input((None, WIDTH))
    for count in {0, 1, 2, 3, 4, 5} - {right}:
        message = f"expects {right} initial states?, .*; got {count}$"
        fails(message, lambda count=count: layer(X, initial_state=states(count)))
        symbolic = [keras.Input((UNITS,)) for _ in range(count)]
        fails(message, lambda given_=symbolic: layer(inputs, initial_state=given_))
    assert layer(X, initial_state=states(right)).shape[0] == 4
    assert layer(X, initial_state=[np.zeros((4, UNITS))] * right).shape[0] == 4
    fails(r"\(batch, 3\).* with batch 4; got .*\(4, 5\)", lambda: layer(
        X, initial_state=[*states(right - 1), tf.zeros([4, 5])]))  # fmt: skip
    fails(r"with batch 4; got .*\(2, 3\)", lambda: layer(X, initial_state=states(right, 2)))
    if right == 1:
        assert layer(X, initial_state=states(1)[0]).shape == (4, UNITS)
    if right > 2:
        return
    run = tf.function(
        lambda values, given_: layer(values, initial_state=[given_] * right),
        input_signature=[INPUT_SPECS[0], tf.TensorSpec([None, UNITS])],
    )
    for rows in (1, 5):
        with pytest.raises(tf.errors.InvalidArgumentError, match="states of batch rows"):
            run(X, states(1, rows)[0])


def test_the_state_of_another_convention_is_not_taken_the_wrong_way_round():
    state = LSTMStateTuple(*states(2))
    fails(r"give \[state.h, state.c\]", lambda: LSTM(UNITS)(X, initial_state=state))
    both = Bidirectional(LSTM(UNITS))
    fails(r"give \[state.h, state.c\]", lambda: both(X, initial_state=[state, state]))
    stack = RecurrentStack("lstm", UNITS)
    fails(r"give \[state.h, state.c\]", lambda: stack(X, initial_state=(state,)))
    fails("expects a state", lambda: stack(X, initial_state=states(3)))


def test_a_layer_of_keras_that_calls_call_is_checked_too():
    inner = GRU(UNITS)
    clips = keras.layers.TimeDistributed(inner)
    assert clips(np.ones((2, 3, 4, WIDTH), "int32")).shape == (2, 3, UNITS)
    inner.build((None, None, WIDTH))
    fails(r"got \(4, 5\)", lambda: inner.call(X, mask=np.ones((4, 5), bool)))


@pytest.mark.slow
def test_what_is_exported_refuses_too_and_holds_core_ops_alone(tmp_path):
    sequences, lengths = (
        keras.Input([None, WIDTH], name="x"),
        keras.Input([], dtype="int32", name="n"),
    )
    outputs = Bidirectional(LSTM(UNITS))(sequences, sequence_length=lengths)
    model = keras.Model({"x": sequences, "n": lengths}, outputs)
    model.export(tmp_path / "saved", verbose=False)
    serve = tf.saved_model.load(tmp_path / "saved").signatures["serving_default"]
    given_ = {"x": tf.constant(X), "n": tf.constant([6, 0, 2, 3])}
    np.testing.assert_allclose(first(serve(**given_)), model(given_), atol=1e-6)
    with pytest.raises(tf.errors.InvalidArgumentError, match="lengths from 0 to time"):
        serve(**{**given_, "n": tf.constant([6, 0, 2, 7])})
    core = set(tf.raw_ops.__dict__)
    graph = serve.graph.as_graph_def()
    nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
    assert {node.op for node in nodes} - core <= {f.signature.name for f in graph.library.function}


def test_code_compiled_by_xla_still_runs():
    layer = GRU(UNITS, return_sequences=True)
    run = tf.function(lambda x, n: layer(x, sequence_length=n), jit_compile=True)
    expected = layer(X, sequence_length=[6, 0, 2, 3])
    np.testing.assert_allclose(run(X, tf.constant([6, 0, 2, 3])), expected, atol=1e-5)
