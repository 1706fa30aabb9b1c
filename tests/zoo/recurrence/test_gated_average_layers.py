"""The layers and cells of gated averages: values, gradients, masks, modes, saving and export."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo import cells, recurrence
from zoo.errors import InputError

# Steps of one block of the loop and of three rounds more.
BATCH, TIME, WIDTH, UNITS = 5, 19, 3, 4
LENGTHS = np.array([0, 1, TIME, 7, TIME - 1])
MASKS = {
    "all": None,
    "lengths": np.arange(TIME) < LENGTHS[:, None],
    "none": np.zeros((BATCH, TIME), bool),
    "holes": np.random.default_rng(1).random((BATCH, TIME)) < 0.4,
}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def min_gru(weights, x, states):
    """Feng et al. 2024, equation of minGRU, with z for the share of what is new."""
    (kernel, bias), (h,) = weights, states
    products = x @ kernel + bias
    z = 1 - sigmoid(products[:, :UNITS])
    h = (1 - z) * h + z * products[:, UNITS:]
    return h, [h]


def min_lstm(weights, x, states):
    (kernel, bias), (h,) = weights, states
    f, i, candidate = np.split(x @ kernel + bias, 3, axis=1)
    f, i = sigmoid(f), sigmoid(i)
    h = f / (f + i) * h + i / (f + i) * candidate
    return h, [h]


def sru(weights, x, states):
    """Lei et al. 2018, equations 1 to 4, and a product where widths differ."""
    (kernel, v, bias), (c,) = weights, states
    before, parts = c, np.split(x @ kernel, kernel.shape[1] // UNITS, axis=1)
    f = sigmoid(parts[0] + v[0] * before + bias[:UNITS])
    r = sigmoid(parts[1] + v[1] * before + bias[UNITS:])
    c = f * before + (1 - f) * parts[2]
    past = parts[3] if len(parts) == 4 else x * np.sqrt(3)
    return r * c + (1 - r) * past, [c]


def qrnn(window):
    """Bradbury et al. 2017, equations 1, 4 and 5; the state here is c and the inputs before."""

    def step(weights, x, states):
        (kernel, bias), (c, *before) = weights, states
        products = bias + sum(i @ k for i, k in zip([x, *before], kernel, strict=True))
        f, o, z = np.split(products, 3, axis=1)
        c = sigmoid(f) * c + (1 - sigmoid(f)) * np.tanh(z)
        return sigmoid(o) * c, [c, *[x, *before][: window - 1]]

    return step


# Layer, its settings, the width of its inputs, and the step.
KINDS = {
    "min_gru": (recurrence.MinGRU, {}, WIDTH, min_gru),
    "min_lstm": (recurrence.MinLSTM, {}, WIDTH, min_lstm),
    "sru": (recurrence.SRU, {}, WIDTH, sru),
    "sru_highway": (recurrence.SRU, {}, UNITS, sru),
    "qrnn": (recurrence.QRNN, {}, WIDTH, qrnn(2)),
    "qrnn_alone": (recurrence.QRNN, {"window": 1}, WIDTH, qrnn(1)),
    "qrnn_wide": (recurrence.QRNN, {"window": 4}, WIDTH, qrnn(4)),
}
SLOW = ("min_lstm", "sru_highway", "qrnn_alone", "qrnn_wide")
every_kind = pytest.mark.parametrize("kind", KINDS)
# For what hangs on the mode and not on the equations.
some_kinds = pytest.mark.parametrize(
    "kind", [pytest.param(k, marks=[pytest.mark.slow] * (k in SLOW)) for k in KINDS]
)
BOTH = dict(return_sequences=True, return_state=True)


def made(kind, **options):
    """A layer with random weights, and inputs `[batch, time, width]`."""
    layer_type, settings, width, _ = KINDS[kind]
    generator = np.random.default_rng(3)
    layer = layer_type(UNITS, **settings, **options)
    layer.build((None, None, width))
    layer.set_weights([generator.normal(size=w.shape) * 0.8 for w in layer.weights])
    return layer, generator.normal(size=(BATCH, TIME, width)).astype("float32")


def first_states(kind, layer):
    """An initial state: numbers for the first tensor, and no earlier inputs."""
    state = np.random.default_rng(4).normal(size=(BATCH, UNITS)).astype("float32")
    sizes = [size for size in layer.state_size[1:]]
    return [state, *[np.zeros((BATCH, size), "float32") for size in sizes]]


def by_hand(kind, weights, inputs, first, mask=None, go_backwards=False, zeros=False):
    """Outputs and the first tensor of the state, in NumPy, one step after the other."""
    step = KINDS[kind][3]
    inputs = inputs[:, ::-1] if go_backwards else inputs
    mask = np.ones(inputs.shape[:2], bool) if mask is None else mask
    mask = mask[:, ::-1] if go_backwards else mask
    before = KINDS[kind][1].get("window", 2) - 1 if kind.startswith("qrnn") else 0
    states = [first, *[np.zeros_like(inputs[:, 0])] * before]
    shown, outputs = np.zeros((BATCH, UNITS), inputs.dtype), []
    for t in range(inputs.shape[1]):
        valid = mask[:, t, None]
        output, following = step(weights, np.where(valid, inputs[:, t], 0), states)
        states = [np.where(valid, a, b) for a, b in zip(following, states, strict=True)]
        shown = np.where(valid, output, 0 if zeros else shown)
        outputs.append(shown)
    return np.stack(outputs, axis=1), states[0]


@every_kind
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("zeros", [False, True])
def test_values_are_those_of_the_equations(kind, go_backwards, zeros):
    options = dict(go_backwards=go_backwards, zero_output_for_mask=zeros)
    layer, inputs = made(kind, **BOTH, **options)
    states = first_states(kind, layer)
    for mask in MASKS.values():
        given = inputs.copy()
        if mask is not None:
            given[~mask] = np.nan
        outputs, state, *_ = layer(given, initial_state=states, mask=mask)
        wanted = by_hand(kind, layer.get_weights(), given, states[0], mask, go_backwards, zeros)
        np.testing.assert_allclose(outputs, wanted[0], atol=1e-5)
        np.testing.assert_allclose(state, wanted[1], atol=1e-5)


@every_kind
@pytest.mark.parametrize("mask", ["all", "lengths", "holes"])
def test_gradients_are_those_of_small_differences(kind, mask):
    layer, inputs = made(kind, **BOTH, dtype="float64")
    first, mask = first_states(kind, layer)[0].astype("float64"), MASKS[mask]
    inputs, weights = inputs.astype("float64"), [w.astype("float64") for w in layer.get_weights()]
    generator = np.random.default_rng(5)
    on_outputs = generator.normal(size=(BATCH, TIME, UNITS))
    on_state = generator.normal(size=(BATCH, UNITS))

    def loss(inputs, first, *weights):
        outputs, state = by_hand(kind, weights, inputs, first, mask)
        return np.sum(outputs * on_outputs) + np.sum(state * on_state)

    rest = [tf.zeros([BATCH, size], tf.float64) for size in layer.state_size[1:]]
    sources = [tf.constant(inputs), tf.constant(first)]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        outputs, state, *_ = layer(sources[0], initial_state=[sources[1], *rest], mask=mask)
        total = tf.reduce_sum(outputs * on_outputs) + tf.reduce_sum(state * on_state)
    gradients = tape.gradient(total, sources + layer.trainable_variables)
    points, small = [inputs, first, *weights], 1e-6
    np.testing.assert_allclose(total, loss(*points), rtol=1e-9)
    for place, gradient in enumerate(gradients):
        for _ in range(3):
            way = generator.normal(size=points[place].shape)
            there = [p + small * way if i == place else p for i, p in enumerate(points)]
            back = [p - small * way if i == place else p for i, p in enumerate(points)]
            wanted = (loss(*there) - loss(*back)) / (2 * small)
            np.testing.assert_allclose(np.sum(gradient * way), wanted, rtol=1e-5, atol=1e-6)


@every_kind
def test_chunks_with_all_of_the_state_carried_over_are_the_whole(kind):
    layer, inputs = made(kind, **BOTH)
    whole, *last = layer(inputs)
    outputs, state = [], None
    for begin, end in [(0, 1), (1, 3), (3, 4), (4, TIME)]:
        chunk, *state = layer(inputs[:, begin:end], initial_state=state)
        outputs.append(chunk)
    np.testing.assert_allclose(tf.concat(outputs, 1), whole, atol=1e-5)
    for one, other in zip(state, last, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@every_kind
def test_the_cell_steps_through_what_the_layer_runs(kind):
    layer, inputs = made(kind, **BOTH)
    mask = MASKS["holes"]
    outputs, *last = layer(inputs, mask=mask)
    state = layer.cell.zero_state(BATCH)
    for t in range(TIME):
        output, following = layer.cell(inputs[:, t], state)
        valid = mask[:, t, None]
        np.testing.assert_allclose(outputs[:, t][mask[:, t]], output[mask[:, t]], atol=1e-5)
        state = tf.nest.map_structure(lambda a, b, v=valid: tf.where(v, a, b), following, state)
    for one, other in zip(last, tf.nest.flatten(state), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def with_gradients(layer, **call):
    def run(inputs, lengths):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs, *states = layer(inputs, sequence_length=lengths, training=True, **call)
            loss = tf.reduce_sum(tf.sin(outputs)) + tf.reduce_sum(states[0] ** 2)
        return outputs, states, tape.gradient(loss, [inputs, *layer.trainable_variables])

    return run


def assert_same(ours, theirs, tolerance=2e-5):
    for one, other in zip(tf.nest.flatten(ours), tf.nest.flatten(theirs), strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@some_kinds
def test_eager_graph_of_unknown_shape_and_xla_agree(kind):
    layer, inputs = made(kind, **BOTH, zero_output_for_mask=True)
    run, given = with_gradients(layer), (tf.constant(inputs), tf.constant(LENGTHS))
    eager = run(*given)
    unknown = [tf.TensorSpec([None, None, inputs.shape[-1]]), tf.TensorSpec([None], tf.int64)]
    assert_same(tf.function(run, input_signature=unknown)(*given), eager)
    assert_same(tf.function(run, jit_compile=True)(*given), eager)


@some_kinds
def test_a_batch_or_a_block_of_any_size(kind):
    layer, inputs = made(kind, **BOTH)
    run = tf.function(layer, input_signature=[tf.TensorSpec([None, None, inputs.shape[-1]])])
    for rows, steps in [(0, 3), (1, 1), (2, 15), (2, 16), (2, 17)]:
        given = inputs[:rows, :steps]
        outputs, *_ = run(given)
        assert outputs.shape == (rows, steps, UNITS)
        if rows:
            np.testing.assert_allclose(outputs, layer(inputs[:2])[0][:rows, :steps], atol=1e-5)


@some_kinds
@pytest.mark.parametrize(
    "policy", ["mixed_bfloat16", pytest.param("mixed_float16", marks=pytest.mark.slow)]
)
def test_half_precision_is_near(kind, policy):
    layer, inputs = made(kind, **BOTH, dtype=policy)
    exact, _ = made(kind, **BOTH)
    outputs, _, gradients = tf.function(with_gradients(layer))(tf.constant(inputs), LENGTHS)
    wanted, _, wanted_gradients = with_gradients(exact)(tf.constant(inputs), LENGTHS)
    assert outputs.dtype == layer.compute_dtype
    np.testing.assert_allclose(tf.cast(outputs, tf.float32), wanted, atol=0.1)
    for one, other in zip(gradients, wanted_gradients, strict=True):
        error = np.linalg.norm(tf.cast(one, tf.float32) - other)
        assert error < 0.1 * np.linalg.norm(other)


@pytest.mark.slow
@every_kind
def test_sixteen_thousand_steps_stay_finite_whatever_comes(kind):
    layer, _ = made(kind, **BOTH)
    inputs = np.random.default_rng(6).normal(size=(2, 16384, KINDS[kind][2])).astype("float32")
    inputs[1] *= 1e4
    run = tf.function(with_gradients(layer), reduce_retracing=True)
    outputs, states, gradients = run(tf.constant(inputs), tf.constant([16384, 16384]))
    for tensor in tf.nest.flatten([outputs, states, gradients]):
        assert np.all(np.isfinite(tensor))


def test_gates_that_are_both_shut_divide_no_zeros():
    cell = cells.MinLSTMCell(1)
    cell.build((None, 1))
    cell.set_weights([np.array([[-1e4, -1e4, 1.0]]), np.zeros(3)])
    output, _ = cell(np.ones((1, 1), "float32"), np.full((1, 1), 3.0, "float32"))
    np.testing.assert_allclose(output, [[2.0]])


@some_kinds
def test_both_directions_read_each_row_from_its_own_ends(kind):
    layer_type, settings, width, _ = KINDS[kind]
    layer = recurrence.Bidirectional(layer_type(UNITS, **settings, return_sequences=True))
    inputs = np.random.default_rng(7).normal(size=(BATCH, TIME, width)).astype("float32")
    outputs = layer(inputs, sequence_length=tf.constant(LENGTHS))
    for row, length in enumerate(LENGTHS):
        assert not np.any(outputs[row, length:])
        if length:
            alone = layer(inputs[row : row + 1, :length])
            np.testing.assert_allclose(outputs[row, :length], alone[0], atol=1e-5)


@every_kind
def test_saved_and_loaded_it_gives_the_same_numbers(kind, tmp_path):
    layer_type, settings, width, _ = KINDS[kind]
    layer = layer_type(UNITS, **settings, gate_bias=0.5, kernel_initializer="he_normal")
    model = keras.Sequential([keras.Input([None, width]), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.layers[-1]) is layer_type
    assert loaded.layers[-1].get_config() == layer.get_config()
    assert loaded.layers[-1].cell.gate_bias == 0.5
    inputs = np.ones((2, 3, width), "float32")
    np.testing.assert_array_equal(loaded(inputs), model(inputs))


BARE = """
import sys, numpy, tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
assert not any(name.split(".")[0] == "zoo" for name in sys.modules), "not bare"
data = numpy.load(sys.argv[2])
serve = loaded.signatures["serving_default"]
result = serve(sequences=tf.constant(data["sequences"]), lengths=tf.constant(data["lengths"]))
numpy.testing.assert_allclose(result["output"], data["expected"], atol=1e-5)
"""


@pytest.mark.slow
def test_exported_it_runs_in_a_bare_process(tmp_path):
    sequences = keras.Input([None, WIDTH], name="sequences")
    lengths = keras.Input([], dtype="int32", name="lengths")
    hidden = sequences
    for layer_type, settings, _, _ in KINDS.values():
        layer = layer_type(UNITS, **settings, return_sequences=True)
        hidden = layer(hidden, sequence_length=lengths)
    model = keras.Model({"sequences": sequences, "lengths": lengths}, {"output": hidden})
    inputs = np.random.default_rng(8).normal(size=(BATCH, TIME, WIDTH)).astype("float32")
    fed = {"sequences": inputs, "lengths": LENGTHS.astype("int32")}
    np.savez(tmp_path / "data.npz", expected=model(fed)["output"], **fed)
    model.export(tmp_path / "saved", verbose=False)
    command = [sys.executable, "-c", BARE, tmp_path / "saved", tmp_path / "data.npz"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sru", "qrnn", "min_gru", "min_lstm"])
def test_a_stack_of_each_name_learns_what_came_first(name):
    keras.utils.set_random_seed(0)
    tokens = np.random.default_rng(9).integers(4, 8, [64, 5]).astype("int32")
    inputs = keras.Input([None], dtype="int32")
    embedded = keras.layers.Embedding(8, 8)(inputs)
    outputs, _ = recurrence.RecurrentStack(name, 16, num_layers=2)(embedded)
    model = keras.Model(inputs, keras.layers.Dense(8)(outputs[:, -1]))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.03), loss, metrics=["accuracy"])
    history = model.fit(tokens, tokens[:, 0], batch_size=64, epochs=60, verbose=0).history
    assert history["accuracy"][-1] > 0.95


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: recurrence.MinGRU(0), "units to be a positive integer; got 0"),
        (lambda: recurrence.QRNN(4, window=0), "window to be a positive integer; got 0"),
        (
            lambda: recurrence.SRU(4, highway_bias="a"),
            "highway_bias to be a finite number",
        ),
        (lambda: recurrence.MinLSTM(4, gate_bias=float("nan")), "gate_bias to be a finite number"),
        (
            lambda: recurrence.OverTime("sru", 4, recurrent_weight_dropout=0.5),
            "goes with the cells lstm, gru, simple_rnn alone; got 'sru'",
        ),
        (
            lambda: recurrence.MinGRU(4)(
                tf.ones([2, 3, 1]), sequence_length=tf.ones([2, 1], tf.int32)
            ),
            r"lengths of shape \(2,\)",
        ),
    ],
)
def test_what_cannot_be(make, message):
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
