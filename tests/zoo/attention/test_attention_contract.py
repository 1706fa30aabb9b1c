"""What holds for every attention; the cases come from the registry."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo.attention
from zoo.attention import Memory
from zoo.errors import InputError

ALL = zoo.attention.names()
STATEFUL = ["coverage", "hard", "local_monotonic", "monotonic"]
BATCH, STEPS, POSITIONS, DIM = 4, 2, 5, 6
LENGTHS = np.array([5, 3, 1, 0])
MASK = np.arange(POSITIONS) < LENGTHS[:, None]
RNG = np.random.default_rng(0)
QUERIES = RNG.normal(size=(BATCH, STEPS, DIM)).astype("float32")
VALUES = RNG.normal(size=(BATCH, POSITIONS, DIM)).astype("float32")


@pytest.fixture(params=ALL)
def attention(request):
    return make(request.param)


def make(name, **settings):
    keras.utils.set_random_seed(1)
    if "local" in name:
        settings["window"] = 2
    return zoo.attention.get(name, units=7, **settings)


def run(attention, queries, values, mask, training=False):
    """One step at a time; the contexts and weights of all steps, and the last state."""
    memory = attention.memory(values, mask)
    state = attention.get_initial_state(tf.shape(values)[0], tf.shape(values)[1])
    contexts, weights = [], []
    for i in range(queries.shape[1]):
        context, weight, state = attention(queries[:, i], memory, state, training=training)
        contexts.append(context)
        weights.append(weight)
    return tf.stack(contexts, 1), tf.stack(weights, 1), state


def assert_same(left, right, tolerance=1e-6):
    left, right = tf.nest.flatten(left), tf.nest.flatten(right)
    assert len(left) == len(right)
    for a, b in zip(left, right, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def test_every_kind_of_the_documents_is_there():
    assert ALL == [
        "additive",
        "concat",
        "coverage",
        "dot",
        "general",
        "hard",
        "local_monotonic",
        "local_predictive",
        "monotonic",
        "normalised_additive",
        "scaled_dot",
    ]


def test_shapes_types_and_state(attention):
    memory = attention.memory(VALUES, MASK)
    assert isinstance(memory, Memory)
    assert memory.values.shape == VALUES.shape
    assert memory.keys.shape[:2] == VALUES.shape[:2]
    assert memory.mask.dtype == tf.bool
    context, weights, state = attention(QUERIES[:, 0], memory)
    assert context.shape == (BATCH, DIM)
    assert weights.shape == (BATCH, POSITIONS)
    initial = attention.get_initial_state(BATCH, POSITIONS)
    assert bool(initial) == (attention_name(attention) in STATEFUL)
    assert type(state) is type(initial)
    assert [s.shape for s in state] == [s.shape for s in initial]
    assert [s.dtype for s in state] == [s.dtype for s in initial]


def attention_name(attention):
    return next(n for n in ALL if zoo.attention.catalog.attentions.get(n) is type(attention))


@pytest.mark.parametrize("training", [False, True])
def test_context_is_the_weighted_sum_of_the_values(attention, training):
    contexts, weights, _ = run(attention, QUERIES, VALUES, MASK, training)
    expected = np.einsum("bmn,bnd->bmd", weights, VALUES)
    np.testing.assert_allclose(contexts, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("training", [False, True])
def test_weights_are_zero_on_padding_and_sum_to_one(attention, training):
    _, weights, _ = run(attention, QUERIES, VALUES, MASK, training)
    weights = weights.numpy()
    assert (weights >= 0).all()
    assert (weights[~np.broadcast_to(MASK[:, None], weights.shape)] == 0).all()
    sums = weights.sum(-1)
    if attention_name(attention) in ("monotonic", "local_predictive"):
        assert (sums <= 1 + 1e-6).all()
    else:
        np.testing.assert_allclose(sums[LENGTHS > 0], 1, rtol=1e-6)
    assert (sums[LENGTHS == 0] == 0).all()


def test_a_mask_of_none_means_all_are_real(attention):
    everything = np.ones((BATCH, POSITIONS), bool)
    left = run(attention, QUERIES, VALUES, None)
    assert_same(left, run(attention, QUERIES, VALUES, everything), tolerance=0)


def test_padding_changes_nothing_whatever_it_holds(attention):
    mask = MASK[:, :3] & True
    short = run(attention, QUERIES, VALUES[:, :3], mask)
    padded = np.concatenate([VALUES[:, :3], np.full((BATCH, 4, DIM), np.nan, "float32")], 1)
    long = run(attention, QUERIES, padded, np.pad(mask, ((0, 0), (0, 4))))
    np.testing.assert_allclose(long[0], short[0], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(long[1][..., :3], short[1], rtol=1e-6, atol=1e-7)
    assert not np.asarray(long[1])[..., 3:].any()
    for a, b in zip(long[2], short[2], strict=True):
        np.testing.assert_allclose(a[..., :3] if a.ndim == 2 else a, b, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("training", [False, True])
def test_an_empty_memory_gives_zeros_and_finite_gradients(attention, training):
    nothing = np.zeros((BATCH, POSITIONS), bool)
    queries, values = tf.constant(QUERIES), tf.constant(VALUES)
    for mask in (nothing, MASK):
        with tf.GradientTape() as tape:
            tape.watch([queries, values])
            contexts, weights, state = run(attention, queries, values, mask, training)
            floats = [s for s in state if s.dtype.is_floating]
            total = tf.reduce_sum(contexts**2) + sum(tf.reduce_sum(s**2) for s in floats)
        assert not weights.numpy()[~mask.any(1)].any()
        assert not contexts.numpy()[~mask.any(1)].any()
        variables = [w.value for w in attention.trainable_weights]
        sources = [queries, values, *variables]
        gradients = tape.gradient(total, sources, unconnected_gradients="zero")
        assert all(np.isfinite(tf.convert_to_tensor(g)).all() for g in gradients)
        assert not gradients[1].numpy()[~mask].any()


def test_a_memory_without_positions_gives_zeros(attention):
    contexts, weights, _ = run(attention, QUERIES, VALUES[:, :0], MASK[:, :0])
    assert weights.shape == (BATCH, STEPS, 0)
    np.testing.assert_array_equal(contexts, np.zeros((BATCH, STEPS, DIM)))


def test_a_row_alone_is_the_row_in_a_batch(attention):
    together = run(attention, QUERIES, VALUES, MASK)
    for i in range(BATCH):
        row = slice(i, i + 1)
        alone = run(attention, QUERIES[row], VALUES[row], MASK[row])
        assert_same(alone, tf.nest.map_structure(lambda t, row=row: t[row], together))


def test_all_steps_at_once_are_the_steps_one_by_one(attention):
    memory = attention.memory(VALUES, MASK)
    if attention.accepts_sequences:
        assert_same(attention(QUERIES, memory), run(attention, QUERIES, VALUES, MASK))
    else:
        with pytest.raises(InputError, match=r"must be \[batch, query_dim\], not of shape"):
            attention(QUERIES, memory)


def test_no_state_is_the_initial_state(attention):
    memory = attention.memory(VALUES, MASK)
    initial = attention.get_initial_state(BATCH, POSITIONS)
    assert_same(attention(QUERIES[:, 0], memory), attention(QUERIES[:, 0], memory, initial))


def test_a_state_keeps_the_type_it_was_made_with(attention):
    memory = attention.memory(VALUES, MASK)
    initial = attention.get_initial_state(BATCH, POSITIONS, dtype="float64")
    _, _, state = attention(QUERIES[:, 0], memory, initial)
    assert [s.dtype for s in state] == [s.dtype for s in initial]


def test_every_weight_learns(attention):
    """One step of an optimiser moves every weight, in training."""
    queries, values = tf.constant(QUERIES), tf.constant(VALUES)
    with tf.GradientTape() as tape:
        contexts, weights, state = run(attention, queries, values, MASK, training=True)
        total = tf.reduce_sum(contexts[..., 0]) + tf.reduce_sum(weights[..., 0] ** 2)
        if attention_name(attention) == "hard":
            total += tf.reduce_sum(state.log_probability)
    before_all = [w.numpy() for w in attention.trainable_weights]
    gradients = tape.gradient(total, [w.value for w in attention.trainable_weights])
    keras.optimizers.Adam(0.1).apply(gradients, attention.trainable_weights)
    for weight, before in zip(attention.trainable_weights, before_all, strict=True):
        assert np.abs(weight.numpy() - before).max() > 1e-3, weight.path


def test_eager_is_graph_is_jit(attention):
    eager = run(attention, QUERIES, VALUES, MASK)
    signature = [
        tf.TensorSpec((None, STEPS, DIM), tf.float32),
        tf.TensorSpec((None, None, DIM), tf.float32),
        tf.TensorSpec((None, None), tf.bool),
    ]
    graph = tf.function(lambda q, v, m: run(attention, q, v, m), input_signature=signature)
    assert_same(graph(QUERIES, VALUES, MASK), eager)
    jit = tf.function(lambda q, v, m: run(attention, q, v, m), jit_compile=True)
    assert_same(jit(QUERIES, VALUES, MASK), eager, tolerance=1e-5)


ALIKE = {"concat", "normalised_additive", "dot", "scaled_dot"}  # to others that are not slow
TRAINED = [pytest.param(n, marks=pytest.mark.slow) if n in ALIKE else n for n in ALL]


@pytest.mark.parametrize("attention", TRAINED, indirect=True)
def test_training_compiles_with_its_gradient(attention):
    def gradients(queries, values, mask):
        with tf.GradientTape() as tape:
            tape.watch(values)
            contexts, _, _ = run(attention, queries, values, mask, training=True)
        return tape.gradient(contexts, values)

    given = (tf.constant(QUERIES), tf.constant(VALUES), tf.constant(MASK))
    eager = gradients(*given)
    jit = tf.function(gradients, jit_compile=True)(*given)
    assert np.isfinite(jit).all()
    if attention_name(attention) not in ("hard", "monotonic"):  # these draw at random
        np.testing.assert_allclose(jit, eager, rtol=1e-4, atol=1e-5)


BFLOAT16 = pytest.param("mixed_bfloat16", marks=pytest.mark.slow)


@pytest.mark.parametrize("policy", ["mixed_float16", BFLOAT16])
@pytest.mark.parametrize("name", ALL)
def test_mixed_precision(name, policy):
    attention = make(name, dtype=policy)
    compute = attention.compute_dtype
    single = make(name)
    contexts, weights, state = run(attention, 4 * QUERIES, 4 * VALUES, MASK)
    run(single, QUERIES, VALUES, MASK)
    single.set_weights(attention.get_weights())
    expected = run(single, 4 * QUERIES, 4 * VALUES, MASK)
    assert contexts.dtype == weights.dtype == compute
    assert all(w.dtype == "float32" for w in attention.weights if w.dtype != "uint32")
    assert all(s.dtype in ("float32", "int32") for s in state)
    assert np.isfinite(np.asarray(contexts, "float32")).all()
    assert not np.asarray(weights, "float32")[~np.broadcast_to(MASK[:, None], weights.shape)].any()
    tolerance = 0.02 if compute == "float16" else 0.15
    np.testing.assert_allclose(np.asarray(weights, "float32"), expected[1], atol=tolerance)


def test_a_mask_that_keras_attached_is_not_looked_at(attention):
    embedded = keras.layers.Embedding(4, DIM, mask_zero=True)(np.array([[1, 2, 0], [3, 0, 0]]))
    left = run(attention, QUERIES[:2], embedded, None)
    assert_same(left, run(attention, QUERIES[:2], embedded.numpy(), None))


@pytest.mark.parametrize(
    ("values", "mask", "message"),
    [
        (
            VALUES[0],
            None,
            r"values must be \[batch, positions, values_dim\], not of shape \(5, 6\)",
        ),
        (
            VALUES,
            MASK[:, :2],
            r"mask must be \[batch, positions\] = \(4, 5\), not of shape \(4, 2\)",
        ),
    ],
)
def test_a_bad_memory_is_refused(attention, values, mask, message):
    with pytest.raises(InputError, match=message):
        attention.memory(values, mask)


def test_a_bad_query_is_refused(attention):
    memory = attention.memory(VALUES)
    with pytest.raises(InputError, match="query must be"):
        attention(QUERIES[0, 0], memory)
