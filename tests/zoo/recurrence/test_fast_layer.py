"""Every fast layer is its Keras layer: values, gradients, masks, modes, saving and export."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import InputError
from zoo.recurrence import GRU, LSTM, SimpleRNN

BATCH, TIME, WIDTH, UNITS = 5, 6, 3, 4
PAIRS = [
    (LSTM, keras.layers.LSTM),
    (GRU, keras.layers.GRU),
    (SimpleRNN, keras.layers.SimpleRNN),
]
MASKS = {
    "all": np.ones((BATCH, TIME), bool),
    "lengths": np.arange(TIME) < np.array([0, 1, TIME, 3, TIME])[:, None],
    "short": np.arange(TIME) < np.array([2, 1, 2, 0, 1])[:, None],
    "none": np.zeros((BATCH, TIME), bool),
    "holes": np.random.default_rng(1).random((BATCH, TIME)) < 0.5,
}
OPTIONS = [
    dict(return_sequences=True),
    dict(return_sequences=True, go_backwards=True, zero_output_for_mask=True),
]
MORE_OPTIONS = [
    dict(go_backwards=True),
    dict(return_sequences=True, go_backwards=True),
    dict(return_sequences=True, zero_output_for_mask=True),
    dict(zero_output_for_mask=True),
    dict(go_backwards=True, zero_output_for_mask=True),
    dict(),
]


def slow(values):
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]


def pair(ours, theirs, **options):
    """Both layers with the same random weights."""
    generator = np.random.default_rng(0)
    layers = ours(UNITS, **options), theirs(UNITS, **options)
    # On a CPU this changes nothing but an error of Keras's with `implementation=1`.
    layers[1].use_cudnn = False
    for layer in layers:
        layer.build((None, None, WIDTH))
    weights = [generator.normal(size=weight.shape) for weight in layers[0].get_weights()]
    for layer in layers:
        layer.set_weights(weights)
    return layers


def inputs(num_states):
    generator = np.random.default_rng(2)
    sequences = generator.normal(size=(BATCH, TIME, WIDTH)).astype("float32")
    states = generator.normal(size=(num_states, BATCH, UNITS)).astype("float32")
    return tf.constant(sequences), [tf.constant(state) for state in states]


def with_gradients(layer, **call):
    """A function to the outputs and to the gradients of an uneven sum of them."""

    def run(sequences, states, mask=None):
        with tf.GradientTape() as tape:
            tape.watch([sequences, states])
            results = tf.nest.flatten(layer(sequences, initial_state=states, mask=mask, **call))
            loss = 0.0
            for result in results:
                result = tf.cast(result, tf.float32)
                angle = tf.range(tf.cast(tf.size(result), tf.float32))
                loss += tf.reduce_sum(result * tf.cos(tf.reshape(angle, tf.shape(result))))
        sources = [sequences, *states, *layer.trainable_variables]
        return results, tape.gradient(loss, sources)

    return run


def assert_same(ours, theirs, tolerance=2e-5):
    for one, other in zip(tf.nest.flatten(ours), tf.nest.flatten(theirs), strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@pytest.fixture(params=PAIRS, ids=[ours.__name__ for ours, _ in PAIRS])
def kinds(request):
    return request.param


# For what hangs on the loop that the kinds share, not on what one of them computes in a step.
one_kind = pytest.mark.parametrize("kinds", [PAIRS[0], *slow(PAIRS[1:])], indirect=True)


@pytest.mark.parametrize(
    "options", OPTIONS + slow(MORE_OPTIONS), ids=lambda options: "-".join(map(str, options))
)
def test_values_and_gradients_are_those_of_keras(kinds, options):
    ours, theirs = pair(*kinds, return_state=True, **options)
    sequences, states = inputs(len(ours.cell.get_initial_state(1)))
    ours, theirs = tf.function(with_gradients(ours)), tf.function(with_gradients(theirs))
    assert_same(ours(sequences, states), theirs(sequences, states))
    for mask in MASKS.values():
        mask = tf.constant(mask)
        assert_same(ours(sequences, states, mask), theirs(sequences, states, mask))


@pytest.fixture
def two_lanes(monkeypatch):
    """Makes the small layers of these tests run as large ones do."""
    monkeypatch.setattr("zoo.recurrence.fast_loop.LARGE_KERNEL", 1)
    monkeypatch.setattr("zoo.recurrence.fast_layout.FEW_ROWS", 2)
    monkeypatch.setattr("zoo.recurrence.fast_loop.FEW_STEPS", 2)


@pytest.mark.parametrize("mask", [None, "holes", *slow(["lengths", "none"])])
@pytest.mark.parametrize("shape", ["known", *slow(["unknown"])])
@pytest.mark.parametrize("go_backwards", [*slow([False]), True])
def test_two_lanes_of_several_steps_agree_with_keras(kinds, go_backwards, shape, mask, two_lanes):
    options = dict(return_sequences=True, return_state=True, go_backwards=go_backwards)
    ours, theirs = pair(*kinds, **options)
    sequences, states = inputs(len(ours.cell.get_initial_state(1)))
    signature = None
    if shape == "unknown":
        signature = [tf.TensorSpec([None, None, WIDTH])]
        signature += [[tf.TensorSpec([None, UNITS])] * len(states)]
        signature += [] if mask is None else [tf.TensorSpec([None, None], tf.bool)]
    given = (sequences, states) if mask is None else (sequences, states, tf.constant(MASKS[mask]))
    mine = tf.function(with_gradients(ours, training=True), input_signature=signature)
    assert_same(mine(*given), with_gradients(theirs)(*given))


@pytest.mark.slow
def test_outside_training_lanes_change_no_value(kinds, two_lanes):
    ours, theirs = pair(*kinds, return_sequences=True, return_state=True)
    sequences, states = inputs(len(ours.cell.get_initial_state(1)))
    for mask in (None, MASKS["holes"]):
        wanted = with_gradients(theirs)(sequences, states, mask)
        assert_same(tf.function(with_gradients(ours))(sequences, states, mask), wanted)
        assert_same(with_gradients(ours)(sequences, states, mask), wanted)


@pytest.mark.slow
def test_a_batch_of_any_size_has_its_lanes(kinds):
    units = 256
    ours, theirs = kinds[0](units, return_sequences=True), kinds[1](units, return_sequences=True)
    run = tf.function(
        lambda sequences: ours(sequences, training=True),
        input_signature=[tf.TensorSpec([None, None, WIDTH])],
    )
    for batch, time in [(1, 3), (15, 17), (16, 5), (17, 20)]:
        sequences = tf.constant(np.random.default_rng(batch).normal(size=(batch, time, WIDTH)))
        sequences = tf.cast(sequences, tf.float32)
        if not theirs.built:
            ours.build(sequences.shape), theirs.build(sequences.shape)
            theirs.set_weights(ours.get_weights())
        assert_same(run(sequences), theirs(sequences))
    # Keras's own LSTM and GRU fail on a batch that they see to be empty.
    assert run(tf.zeros([0, 4, WIDTH])).shape == (0, 4, units)


def test_eager_agrees_with_keras(kinds):
    ours, theirs = pair(*kinds, return_sequences=True, return_state=True)
    sequences, states = inputs(len(ours.cell.get_initial_state(1)))
    for mask in [None, MASKS["lengths"], MASKS["none"]]:
        mine = with_gradients(ours)(sequences, states, mask)
        assert_same(mine, with_gradients(theirs)(sequences, states, mask))


def test_agrees_with_its_own_cell_step_by_step(kinds):
    layer, _ = pair(*kinds, return_sequences=True, return_state=True)
    sequences, states = inputs(len(layer.cell.get_initial_state(1)))
    outputs, *last = layer(sequences, initial_state=states)
    for step in range(TIME):
        output, states = layer.cell(sequences[:, step], states)
        np.testing.assert_allclose(outputs[:, step], output, atol=1e-5)
    assert_same(last, states)


def test_padding_changes_nothing(kinds):
    layer, _ = pair(*kinds, return_sequences=True, return_state=True)
    sequences, _ = inputs(1)
    lengths = tf.constant([0, 1, TIME, 3, 4])
    short, *states = layer(sequences, sequence_length=lengths)
    padded = tf.pad(sequences, [[0, 0], [0, 5], [0, 0]], constant_values=9.0)
    long, *longer_states = layer(padded, sequence_length=lengths)
    assert_same([short, *states], [long[:, :TIME], *longer_states], 1e-6)
    assert not np.any(states[0][0]), "a row of length zero keeps the initial state"


def test_lengths_are_a_mask(kinds):
    layer, _ = pair(*kinds, return_sequences=True)
    sequences, _ = inputs(1)
    by_length = layer(sequences, sequence_length=tf.constant([0, 1, TIME, 3, TIME]))
    assert_same(by_length, layer(sequences, mask=tf.constant(MASKS["lengths"])), 0)
    with pytest.raises(InputError, match=r"expects lengths of shape \(\d,\)"):
        layer(sequences, sequence_length=tf.ones([BATCH, 1], tf.int32))


@pytest.mark.parametrize(
    "options",
    [
        dict(use_bias=False),
        dict(dropout=0.4, seed=3),
        *slow([dict(unroll=True), dict(recurrent_dropout=0.4, seed=3)]),
        *slow([dict(dropout=0.4, implementation=1, seed=3), dict(activation="softsign")]),
    ],
    ids=lambda options: next(iter(options)),
)
def test_every_option_agrees_with_keras(kinds, options):
    if "implementation" in options and kinds[1] is keras.layers.SimpleRNN:
        pytest.skip("SimpleRNN has one implementation")
    ours, theirs = pair(*kinds, return_sequences=True, **options)
    sequences, states = inputs(len(ours.cell.get_initial_state(1)))
    mine = tf.function(with_gradients(ours, training=True))(sequences, states)
    assert_same(mine, tf.function(with_gradients(theirs, training=True))(sequences, states))


@pytest.mark.parametrize("policy", ["mixed_bfloat16", *slow(["mixed_float16", "float64"])])
def test_every_precision_agrees_with_keras(kinds, policy):
    ours, theirs = pair(*kinds, return_sequences=True, dtype=policy)
    sequences, states = inputs(len(ours.cell.get_initial_state(1)))
    mask = tf.constant(MASKS["lengths"])
    tolerance = {"mixed_float16": 0.02, "mixed_bfloat16": 0.2, "float64": 1e-6}[policy]
    mine = tf.function(with_gradients(ours))(sequences, states, mask)
    assert_same(mine, tf.function(with_gradients(theirs))(sequences, states, mask), tolerance)


@one_kind
def test_xla_agrees(kinds):
    layer, _ = pair(*kinds, return_sequences=True, return_state=True)
    sequences, states = inputs(len(layer.cell.get_initial_state(1)))
    run, mask = with_gradients(layer), tf.constant(MASKS["lengths"])
    compiled = tf.function(run, jit_compile=True)
    assert_same(compiled(sequences, states, mask), tf.function(run)(sequences, states, mask))


@pytest.mark.parametrize("go_backwards", [*slow([False]), True])
def test_the_hand_over_to_a_gpu_keeps_every_mask_right(kinds, go_backwards, monkeypatch):
    options = dict(return_sequences=True, return_state=True, go_backwards=go_backwards)
    ours, theirs = pair(*kinds, **options)
    sequences, states = inputs(len(ours.cell.get_initial_state(1)))
    mine, wanted = tf.function(with_gradients(ours)), tf.function(with_gradients(theirs))
    # There is no GPU here, so Keras's own choice behind the door falls on its loop.
    monkeypatch.setattr("zoo.recurrence.fast_layer._has_gpu", lambda: True)
    for mask in MASKS.values():
        mask = tf.constant(mask)
        assert_same(mine(sequences, states, mask), wanted(sequences, states, mask))


def test_use_cudnn_survives_its_config():
    layer = LSTM.from_config(LSTM(2, use_cudnn=False).get_config())
    assert layer.use_cudnn is False
    with pytest.raises(ValueError, match="use_cudnn=True"):
        LSTM(2, use_cudnn=True)(tf.ones([1, 2, 3]))


def test_state_carries_over_when_stateful(kinds):
    layer = kinds[0](UNITS, stateful=True, return_sequences=True)
    sequences, _ = inputs(1)
    halves = [layer(sequences[:, :3]), layer(sequences[:, 3:])]
    layer.reset_state()
    assert_same(tf.concat(halves, 1), layer(sequences), 1e-6)


@one_kind
def test_trains_in_a_functional_model_of_unknown_shape(kinds):
    sequences = keras.Input([None, WIDTH], name="sequences")
    lengths = keras.Input([], dtype="int32", name="lengths")
    hidden = kinds[0](UNITS, return_sequences=True)(sequences, sequence_length=lengths)
    last = kinds[0](UNITS)(hidden, sequence_length=lengths)
    model = keras.Model([sequences, lengths], keras.layers.Dense(1)(last))
    model.compile("adam", "mse")
    data, _ = inputs(1)
    target = np.ones((BATCH, 1), "float32")
    losses = model.fit([data, np.array([1, 2, 3, 4, 6])], target, epochs=3, verbose=0).history
    assert losses["loss"][-1] < losses["loss"][0]
    assert model.predict([data[:2], np.array([2, 0])], verbose=0).shape == (2, 1)


def test_saves_and_loads_whole(kinds, tmp_path):
    model = keras.Sequential([keras.Input([None, WIDTH]), keras.layers.Masking(), kinds[0](UNITS)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.layers[-1]) is kinds[0]
    sequences, _ = inputs(1)
    sequences *= MASKS["lengths"][..., None].astype("float32")
    assert_same(loaded(sequences), model(sequences), 0)


BARE = """
import sys, numpy, tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
assert not any(name.split(".")[0] == "zoo" for name in sys.modules), "not bare"
data = numpy.load(sys.argv[2])
serve = loaded.signatures["serving_default"]
result = serve(sequences=tf.constant(data["sequences"]), lengths=tf.constant(data["lengths"]))
numpy.testing.assert_allclose(result["output"], data["expected"], atol=1e-6)
with tf.GradientTape() as tape:
    sequences = tf.constant(data["sequences"])
    tape.watch(sequences)
    result = serve(sequences=sequences, lengths=tf.constant(data["lengths"]))["output"]
try:
    tape.gradient(result, sequences)
except tf.errors.InvalidArgumentError as error:
    assert "has no gradient" in str(error), error
else:
    raise AssertionError("an exported layer must refuse, not give a wrong gradient")
"""


@pytest.mark.slow
def test_export_loads_in_a_bare_process(tmp_path):
    sequences = keras.Input([None, WIDTH], name="sequences")
    lengths = keras.Input([], dtype="int32", name="lengths")
    hidden = sequences
    for ours, _ in PAIRS:
        hidden = ours(UNITS, return_sequences=True)(hidden, sequence_length=lengths)
        hidden = ours(UNITS, return_sequences=True)(hidden)
    model = keras.Model({"sequences": sequences, "lengths": lengths}, {"output": hidden})
    data, _ = inputs(1)
    fed = {"sequences": data, "lengths": tf.constant([0, 1, TIME, 3, TIME])}
    np.savez(tmp_path / "data.npz", expected=model(fed)["output"], **fed)
    model.export(tmp_path / "saved", verbose=False)
    command = [sys.executable, "-c", BARE, tmp_path / "saved", tmp_path / "data.npz"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


REPLICAS = """
import sys
sys.path.insert(0, sys.argv[1])
import keras, numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import zoo.recurrence as recurrence
data = np.random.default_rng(0).normal(size=(8, 6, 3)).astype("float32")
lengths = np.array([0, 1, 2, 3, 4, 5, 6, 6])

def losses(scope):
    keras.utils.set_random_seed(0)
    with scope:
        sequences, steps = keras.Input([None, 3]), keras.Input([], dtype="int32")
        hidden = recurrence.LSTM(4)(sequences, sequence_length=steps)
        model = keras.Model([sequences, steps], keras.layers.Dense(1)(hidden))
        model.compile(keras.optimizers.SGD(0.1), "mse")
    history = model.fit([data, lengths], data[:, 0, :1], batch_size=8, epochs=3, verbose=0)
    return history.history["loss"]

mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
assert mirrored.num_replicas_in_sync == 2
alone = tf.distribute.get_strategy()
np.testing.assert_allclose(losses(mirrored.scope()), losses(alone.scope()), rtol=1e-4)
"""


@pytest.mark.slow
def test_two_replicas_train_as_one(pytestconfig):
    command = [sys.executable, "-c", REPLICAS, str(pytestconfig.rootpath)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", ["fast", "keras"])
def test_weight_dropout_is_one_mask_of_the_recurrent_kernel(kinds, path):
    ours, theirs = kinds
    options = {"return_sequences": True, "recurrent_weight_dropout": 0.5}
    # With `unroll` it is Keras's own loop that runs.
    layer = ours(UNITS, **options, unroll=path == "keras")
    layer.build((None, None, WIDTH))
    sequences, _ = inputs(1)
    plain = layer(sequences, training=False)
    dropped = layer(sequences, training=True)
    assert not np.allclose(plain, dropped)
    # The mask that comes next is that of the same generator in the same state.
    state = layer.weight_seed.state.value.numpy()
    dropped = layer(sequences, training=True)
    layer.weight_seed.state.assign(state)
    kernel = layer.cell.recurrent_kernel
    masked = keras.random.dropout(kernel, 0.5, seed=layer.weight_seed)
    share = float(np.mean(masked == 0))
    assert 0.2 < share < 0.8
    assert set(np.round(np.unique(masked / kernel), 4)) == {0.0, 2.0}
    other = theirs(UNITS, return_sequences=True)
    other.build((None, None, WIDTH))
    other.set_weights(
        [w.numpy() if w is not kernel else masked for w in layer.weights[: len(other.weights)]]
    )
    np.testing.assert_allclose(dropped, other(sequences), atol=1e-5)
    # No gradient reaches a weight that was dropped; what is dropped stays a variable.
    layer.weight_seed.state.assign(state)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(sequences, training=True) ** 2)
    gradient = tape.gradient(loss, kernel.value)
    np.testing.assert_array_equal(np.asarray(gradient)[np.asarray(masked) == 0], 0)
    # Nearly all others get one: a gate whose own unit has lost all its weights does not.
    assert np.mean(np.asarray(gradient)[np.asarray(masked) != 0] != 0) > 0.8
    assert layer.cell.recurrent_kernel is kernel


def test_weight_dropout_is_saved_and_is_gone_from_what_is_exported(kinds, tmp_path):
    ours, _ = kinds
    x = keras.Input([None, WIDTH])
    model = keras.Model(x, ours(UNITS, recurrent_weight_dropout=0.5)(x))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[-1].recurrent_weight_dropout == 0.5
    sequences, _ = inputs(1)
    model.export(tmp_path / "exported", verbose=False)
    exported = tf.saved_model.load(str(tmp_path / "exported"))
    for found in (loaded(sequences), exported.serve(sequences)):
        np.testing.assert_allclose(found, model(sequences), atol=1e-6)


def test_weight_dropout_takes_a_share(kinds):
    with pytest.raises(InputError, match="recurrent_weight_dropout is 1; expected a share"):
        kinds[0](UNITS, recurrent_weight_dropout=1)


@pytest.mark.parametrize("kind", [LSTM, GRU, SimpleRNN])
def test_a_batch_without_a_single_step_keeps_its_state(kind):
    layer = kind(3, return_sequences=True, return_state=True)
    layer.build([None, None, 2])
    sequences = tf.TensorSpec([None, None, 2])
    initial = [tf.fill([2, 3], 0.5)] * (2 if kind is LSTM else 1)

    @tf.function(input_signature=[sequences, tf.TensorSpec([None, None], tf.bool)])
    def run(sequences, mask):
        with tf.GradientTape() as tape:
            outputs, *states = layer(sequences, mask=mask, initial_state=initial)
            loss = tf.add_n([tf.reduce_sum(state) for state in states])
        return outputs, states, tape.gradient(loss, layer.trainable_variables)

    outputs, states, gradients = run(tf.zeros([2, 0, 2]), tf.zeros([2, 0], tf.bool))
    assert outputs.shape == (2, 0, 3)
    for state, before in zip(states, initial, strict=True):
        np.testing.assert_array_equal(state, before)
    for gradient in gradients:
        assert not np.any(gradient)
