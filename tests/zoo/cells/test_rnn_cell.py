"""What holds for every cell, bare, wrapped and stacked."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo import cells
from zoo.cells import LSTMStateTuple
from zoo.errors import InputError
from zoo.recurrence import dynamic_rnn

UNITS = 3

CELLS = {
    "basic_rnn": lambda **kw: cells.BasicRNNCell(UNITS, **kw),
    "gru": lambda **kw: cells.GRUCell(UNITS, **kw),
    "gru_reset_after": lambda **kw: cells.GRUCell(UNITS, reset_after=True, **kw),
    "basic_lstm": lambda **kw: cells.BasicLSTMCell(UNITS, **kw),
    "min_gru": lambda **kw: cells.MinGRUCell(UNITS, **kw),
    "min_lstm": lambda **kw: cells.MinLSTMCell(UNITS, **kw),
    "sru": lambda **kw: cells.SRUCell(UNITS, **kw),
    "sru_of_another_width": lambda **kw: cells.SRUCell(4, **kw),
    "qrnn": lambda **kw: cells.QRNNCell(UNITS, **kw),
    "lstm": lambda **kw: cells.LSTMCell(
        UNITS, use_peepholes=True, cell_clip=2.0, num_proj=2, proj_clip=1.5, **kw
    ),
    "layer_norm": lambda **kw: cells.LayerNormBasicLSTMCell(UNITS, **kw),
    "dropout": lambda **kw: cells.DropoutWrapper(
        cells.GRUCell(UNITS, **kw), 0.9, 0.8, 0.7, variational_recurrent=True, seed=4
    ),
    "residual": lambda **kw: cells.ResidualWrapper(cells.BasicLSTMCell(UNITS, **kw)),
    "highway": lambda **kw: cells.HighwayWrapper(cells.BasicRNNCell(UNITS, **kw)),
    "highway_apart": lambda **kw: cells.HighwayWrapper(cells.GRUCell(UNITS, **kw), False, 0.5),
    "zoneout": lambda **kw: cells.ZoneoutWrapper(
        cells.BasicLSTMCell(UNITS, **kw), LSTMStateTuple(c=0.5, h=0.1), seed=4
    ),
    "projection": lambda **kw: cells.OutputProjectionWrapper(
        cells.BasicRNNCell(4, **kw), 2, activation="softmax"
    ),
    "stack": lambda **kw: cells.MultiRNNCell(
        [
            cells.ResidualWrapper(cells.GRUCell(UNITS, **kw)),
            cells.ZoneoutWrapper(cells.LSTMCell(4, num_proj=2, **kw), 0.2),
            keras.layers.LSTMCell(2, **kw),
            cells.DropoutWrapper(cells.QRNNCell(2, window=3, **kw), 0.9, seed=4),
        ]
    ),
}
every_cell = pytest.mark.parametrize("name", CELLS)


def filled(cell, random):
    """Builds a cell for three features and gives it weights that are nowhere special."""
    cell.build((None, UNITS))
    for weight in cell.trainable_weights:
        weight.assign(random.normal(size=weight.shape) * 0.7)
    return cell


def a_state(cell, random, rows, dtype="float32"):
    return tf.nest.map_structure(
        lambda size: tf.constant(random.normal(size=(rows, size)), dtype), cell.state_size
    )


@every_cell
def test_sizes_zero_state_and_structure(name, random):
    cell = CELLS[name]()
    state = cell.zero_state(2, "float64")
    tf.nest.assert_same_structure(state, cell.state_size)
    assert all(part.dtype == "float64" and not np.any(part) for part in tf.nest.flatten(state))
    x = random.normal(size=(2, UNITS)).astype("float32")
    output, after = cell(x, cell.get_initial_state(batch_size=2))
    tf.nest.assert_same_structure(after, cell.state_size)
    assert output.shape == (2, cell.output_size)
    sizes = [part.shape[1] for part in tf.nest.flatten(after)]
    assert sizes == tf.nest.flatten(cell.state_size)


@every_cell
def test_keras_runs_it_over_time_as_dynamic_rnn_does(name, random):
    cell = filled(CELLS[name](), random)
    x = tf.constant(random.normal(size=(2, 5, UNITS)), tf.float32)
    initial = a_state(cell, random, 2)
    layer = keras.layers.RNN(cell, return_sequences=True, return_state=True)
    outputs, *state = layer(x, initial_state=initial)
    expected, expected_state = dynamic_rnn(cell, x, initial_state=initial)
    np.testing.assert_allclose(outputs, expected, atol=1e-6)
    pairs = zip(tf.nest.flatten(state), tf.nest.flatten(expected_state), strict=True)
    for part, expected_part in pairs:
        np.testing.assert_allclose(part, expected_part, atol=1e-6)


@every_cell
def test_saved_and_loaded_it_gives_the_same_numbers(name, random, tmp_path):
    cell = filled(CELLS[name](), random)
    inputs = keras.Input((None, UNITS))
    lengths = keras.Input((), dtype="int32")
    outputs, state = dynamic_rnn(cell, inputs, lengths)
    _, again = dynamic_rnn(cell, outputs[:, :, :1] + inputs)  # the same cell, saved once
    model = keras.Model([inputs, lengths], [outputs, state, again])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    given = [tf.constant(random.normal(size=(2, 4, UNITS)), tf.float32), tf.constant([4, 2])]
    before, after = model(given), loaded(given)
    for one, other in zip(tf.nest.flatten(before), tf.nest.flatten(after), strict=True):
        np.testing.assert_array_equal(one, other)
    config = cell.get_config()
    assert type(cell).from_config(config).get_config() == config


@every_cell
def test_keras_own_layer_saves_it_too(name, random, tmp_path):
    cell = filled(CELLS[name](), random)
    model = keras.Sequential([keras.Input((None, UNITS)), keras.layers.RNN(cell)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    x = tf.constant(random.normal(size=(2, 4, UNITS)), tf.float32)
    np.testing.assert_array_equal(model(x), loaded(x))


@every_cell
def test_eager_graph_and_xla_agree(name, random):
    cell = filled(CELLS[name](), random)
    x = tf.constant(random.normal(size=(2, UNITS)), tf.float32)
    state = a_state(cell, random, 2)
    eager = tf.nest.flatten(cell(x, state))
    graph = tf.nest.flatten(tf.function(cell)(x, state))
    compiled = tf.nest.flatten(tf.function(cell, jit_compile=True)(x, state))
    for one, two, three in zip(eager, graph, compiled, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)
        np.testing.assert_allclose(one, three, atol=2e-6)


@every_cell
def test_symbolic_tensors_go_through(name, random):
    """One step as a functional model, saved and loaded; this is what a decoder is."""
    cell = filled(CELLS[name](), random)
    x = keras.Input((UNITS,))
    state = tf.nest.map_structure(lambda size: keras.Input((size,)), cell.state_size)
    output, after = cell(x, state)
    assert output.shape == (None, cell.output_size)
    tf.nest.assert_same_structure(after, cell.state_size)
    model = keras.Model([x, *tf.nest.flatten(state)], [output, *tf.nest.flatten(after)])
    copy = keras.Model.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    values = tf.constant(random.normal(size=(2, UNITS)), tf.float32)
    real = a_state(cell, random, 2)
    expected = tf.nest.flatten(cell(values, real))
    for made in (model, copy):
        for one, other in zip(made([values, *tf.nest.flatten(real)]), expected, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)


@every_cell
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(name, policy, random):
    full = filled(CELLS[name](), random)
    half = CELLS[name](dtype=policy)
    half.build((None, UNITS))
    half.set_weights(full.get_weights())
    x = tf.constant(random.normal(size=(2, 4, UNITS)), tf.float32)
    expected = tf.nest.flatten(dynamic_rnn(full, x, [4, 1]))
    with tf.GradientTape() as tape:
        got = tf.nest.flatten(dynamic_rnn(half, x, [4, 1]))
        loss = tf.add_n([tf.reduce_sum(tf.cast(part, tf.float32)) for part in got])
    dtype = policy.removeprefix("mixed_")
    for one, other in zip(got, expected, strict=True):
        assert one.dtype == dtype
        np.testing.assert_allclose(tf.cast(one, "float32"), other, atol=0.12)
    variables = [weight.value for weight in half.trainable_weights]
    for gradient, variable in zip(tape.gradient(loss, variables), variables, strict=True):
        assert variable.dtype == gradient.dtype == "float32"
        assert np.all(np.isfinite(gradient))


@every_cell
def test_gradients_are_those_of_finite_differences(name, random):
    cell = filled(CELLS[name](dtype="float64"), random)
    x = random.normal(size=(2, 4, UNITS))
    initial = a_state(cell, random, 2, "float64")
    weights = [random.normal(size=part.shape) for part in tf.nest.flatten(run(cell, x, initial))]

    def loss(inputs, state):
        parts = tf.nest.flatten(run(cell, inputs, state))
        return tf.add_n([tf.reduce_sum(p * w) for p, w in zip(parts, weights, strict=True)])

    inputs, flat = tf.constant(x), tf.nest.flatten(initial)
    variables = [weight.value for weight in cell.trainable_weights]
    with tf.GradientTape() as tape:
        tape.watch([inputs, *flat])
        value = loss(inputs, tf.nest.pack_sequence_as(initial, flat))
    gradients = tape.gradient(value, [inputs, *flat, *variables])

    compiled = tf.function(loss, autograph=False)
    assert np.isclose(compiled(inputs, initial), value)
    for place, gradient in enumerate(gradients):
        # A random direction tells every entry at once.
        direction = random.normal(size=gradient.shape)

        def at(step, place=place, direction=direction):
            moved = [inputs, *flat]
            if place < len(moved):
                moved[place] = moved[place] + step * direction
                return compiled(moved[0], tf.nest.pack_sequence_as(initial, moved[1:]))
            variable = variables[place - len(moved)]
            variable.assign_add(step * direction)
            result = compiled(inputs, initial)
            variable.assign_sub(step * direction)
            return result

        numeric = (at(1e-5) - at(-1e-5)) / 2e-5
        np.testing.assert_allclose(np.sum(gradient * direction), numeric, rtol=2e-5, atol=1e-8)


def run(cell, inputs, initial):
    return dynamic_rnn(cell, inputs, [4, 2], initial)


@pytest.mark.slow
@every_cell
@pytest.mark.parametrize("jit", [False, True])
def test_it_learns_under_keras_fit(name, jit, random):
    keras.utils.set_random_seed(1)
    inputs = keras.Input((6, UNITS))
    outputs, _ = dynamic_rnn(CELLS[name](), inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(outputs))
    model.compile(keras.optimizers.Adam(0.03), "mse", jit_compile=jit)
    x = random.normal(size=(64, 6, UNITS)).astype("float32")
    y = x[:, :, :1]
    model.fit(x, y, epochs=60, batch_size=16, verbose=0)
    assert model.evaluate(x, y, verbose=0) < 0.5 * np.mean(y**2)


WRONG_INPUTS = [
    (np.zeros((2, 5, 3), "float32"), r"expects inputs \(batch, features\); got shape \(2, 5, 3\)"),
    (np.zeros(3, "float32"), r"expects inputs \(batch, features\); got shape \(3,\)"),
    (np.zeros((2, 3), "complex64"), "expects inputs of a floating or integer dtype; got complex64"),
    (np.array([["a"] * 3] * 2), "expects inputs of a floating or integer dtype"),
    ([[1.0, 2.0], [3.0]], "got lists of different lengths: pad them"),
    (tf.ragged.constant([[1.0, 2.0], [3.0]]), r"got a ragged one: give x.to_tensor\(\)"),
    (tf.sparse.eye(2, 3), "got a sparse one"),
]


@pytest.mark.parametrize("name", ["basic_rnn", "basic_lstm", "dropout", "stack"])
@pytest.mark.parametrize(("inputs", "message"), WRONG_INPUTS)
def test_inputs_that_cannot_be(name, inputs, message):
    cell = CELLS[name]()
    with pytest.raises(InputError, match=message) as caught:
        cell(inputs, cell.zero_state(2))
    assert "\n" not in str(caught.value)


def rows(*shape, dtype="float32"):
    return tf.zeros(shape, dtype)


WRONG_STATES = [
    ("basic_rnn", rows(2, 4), r"expects a state \(batch, 3\) with batch 2; got \(2, 4\)"),
    ("basic_rnn", rows(5, 3), r"with batch 2; got \(5, 3\)"),
    ("basic_rnn", rows(3), r"got \(3,\)"),
    ("basic_rnn", rows(2, 3, dtype="int32"), "a state of a floating dtype; got int32"),
    ("basic_rnn", (rows(2, 3), rows(2, 3)), r"expects a state \(batch, 3\).*got \(\(2, 3\), \(2,"),
    ("basic_rnn", None, "got NoneType None"),
    ("basic_lstm", rows(2, 6), r"LSTMStateTuple\(c=\(batch, 3\), h=\(batch, 3\)\).*got \(2, 6\)"),
    ("basic_lstm", (rows(2, 3),), r"got \(\(2, 3\),\)"),
    ("lstm", LSTMStateTuple(rows(2, 3), rows(2, 3)), r"h=\(batch, 2\)\).*got LSTMStateTuple\(c=\("),
    ("stack", (rows(2, 3), rows(2, 3)), r"got \(\(2, 3\), \(2, 3\)\)"),
    ("stack", rows(2, 11), r"\(\(batch, 3\), LSTMStateTuple.*\[\(batch, 2\), \(batch, 2\)\], \("),
]


@pytest.mark.parametrize(("name", "state", "message"), WRONG_STATES)
def test_states_that_cannot_be(name, state, message):
    with pytest.raises(InputError, match=message) as caught:
        CELLS[name]()(np.zeros((2, 3), "float32"), state)
    assert "\n" not in str(caught.value)


@every_cell
def test_call_of_a_fresh_cell_is_the_cell_itself(name, random):
    x = tf.constant(random.normal(size=(2, UNITS)), tf.float32)
    cell = CELLS[name]()
    output, state = cell.call(x, cell.zero_state(2, np.float32))
    expected, expected_state = cell(x, cell.zero_state(2))
    np.testing.assert_array_equal(output, expected)
    tf.nest.map_structure(np.testing.assert_array_equal, state, expected_state)
    run = tf.function(lambda fresh, value: fresh.call(value, fresh.zero_state(2)), autograph=False)
    fresh = CELLS[name]()
    assert run(fresh, x)[0].shape == output.shape
    symbolic = keras.Input(batch_shape=(2, UNITS))
    fresh = CELLS[name]()
    model = keras.Model(symbolic, fresh.call(symbolic, fresh.zero_state(2)))
    assert model(x)[0].shape == output.shape
    assert len(model.weights) == len(cell.weights)


@pytest.mark.parametrize("name", ["basic_rnn", "basic_lstm", "dropout", "stack"])
@pytest.mark.parametrize(("inputs", "message"), WRONG_INPUTS)
def test_call_checks_too(name, inputs, message):
    cell = CELLS[name]()
    for _ in range(2):
        with pytest.raises(InputError, match=message):
            cell.call(inputs, cell.zero_state(2))
        cell.call(np.zeros((2, 3), "float32"), cell.zero_state(2))


@every_cell
def test_integers_are_numbers(name, random):
    whole = random.randint(-3, 4, size=(2, UNITS))
    cell = filled(CELLS[name](), random)
    expected, _ = cell(whole.astype("float32"), cell.zero_state(2))
    for dtype in ("int64", "int32", "int8"):
        np.testing.assert_array_equal(cell(whole.astype(dtype), cell.zero_state(2))[0], expected)
    output, _ = cell(tf.constant(whole > 0), cell.zero_state(2))
    expected, _ = cell((whole > 0).astype("float32"), cell.zero_state(2))
    np.testing.assert_array_equal(output, expected)


def test_the_state_of_a_keras_lstm_is_not_taken_the_wrong_way_round():
    cell = cells.MultiRNNCell([cells.BasicLSTMCell(3), keras.layers.LSTMCell(3)])
    state = LSTMStateTuple(rows(2, 3), rows(2, 3))
    with pytest.raises(InputError, match=r"Keras's LSTM; .* give \[state.h, state.c\]"):
        cell(rows(2, 3), (state, state))
    cell(rows(2, 3), (state, [state.h, state.c]))


@pytest.mark.parametrize("dtype", ["int32", tf.int32, np.int64, "banana", True, 32, "string"])
def test_dtypes_of_a_state_that_cannot_be(dtype):
    with pytest.raises(InputError, match="zero_state expects dtype to be a floating dtype"):
        cells.BasicLSTMCell(3).zero_state(2, dtype)


@pytest.mark.parametrize("dtype", ["float32", tf.float32, np.float32, np.dtype("float32")])
def test_every_way_to_name_a_dtype(dtype):
    cell = cells.BasicRNNCell(3, None, None, "named", dtype)
    assert (cell.name, cell.compute_dtype) == ("named", "float32")
    assert cell.zero_state(2, dtype).dtype == "float32"


@pytest.mark.parametrize("batch_size", [-1, None, 2.0, "2", True])
def test_batch_sizes_that_cannot_be(batch_size):
    with pytest.raises(InputError, match="expects batch_size to be an integer of at least 0"):
        cells.BasicLSTMCell(3).zero_state(batch_size, "float32")


def test_a_batch_size_may_be_a_tensor_and_zero():
    cell = cells.BasicLSTMCell(3)
    assert tf.function(lambda n: cell.zero_state(n).h)(tf.constant(4)).shape == (4, 3)
    output, state = cell(np.zeros((0, 2), "float32"), cell.zero_state(0))
    assert output.shape == state.c.shape == (0, 3)


def test_unknown_features_cannot_build():
    with pytest.raises(InputError, match="needs the number of input features"):
        cells.GRUCell(3)(keras.Input((None,)), keras.Input((3,)))


@pytest.mark.parametrize(
    ("kind", "units"),
    list(
        itertools.product(
            [cells.BasicRNNCell, cells.GRUCell, cells.BasicLSTMCell, cells.LayerNormBasicLSTMCell],
            [0, -1, 2.5, "4", None, True],
        )
    ),
)
def test_units_that_cannot_be(kind, units):
    with pytest.raises(InputError, match=f"{kind.__name__} expects num_units .*got {units!r}"):
        kind(units)


def test_a_single_state_in_a_list_comes_back_in_a_list():
    cell = cells.GRUCell(3)
    x = np.ones((2, 3), "float32")
    _, bare = cell(x, cell.zero_state(2))
    _, listed = cell(x, [cell.zero_state(2)])
    assert isinstance(listed, list)
    np.testing.assert_array_equal(listed[0], bare)
