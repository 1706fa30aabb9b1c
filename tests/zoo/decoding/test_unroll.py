import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.decoding import (
    LinearSampling,
    free_running,
    greedy_search,
    scheduled_sampling,
    teacher_forcing,
)
from zoo.errors import InputError


def alignment(state):
    return state["alignment"]


def arguments(network):
    return network.step, network.state(), network.tf_memory()


@pytest.fixture
def network(tiny):
    return tiny.Network(81, num_tokens=6, batch=3)


@pytest.fixture
def targets_in():
    return tf.constant([[0, 3, 2, 5, 1], [0, 1, 1, 4, 4], [0, 5, 3, 0, 0]])


def assert_same(first, second):
    tf.nest.map_structure(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), first, second
    )


def test_teacher_forcing_against_numpy(network, targets_in):
    logits, recorded = teacher_forcing(*arguments(network), targets_in, record=alignment)
    assert logits.shape == [3, 5, 6] and recorded.shape == [3, 5, 4]
    for row in range(3):
        hidden = network.initial[row]
        for index, token in enumerate(targets_in[row].numpy()):
            expected, hidden, weights = network.numpy_step(token, hidden, row)
            np.testing.assert_allclose(
                tf.nn.log_softmax(logits[row, index]), expected, rtol=1e-4, atol=1e-5
            )
            np.testing.assert_allclose(recorded[row, index], weights, rtol=1e-4)


def test_never_sampling_is_teacher_forcing(network, targets_in):
    forced = teacher_forcing(*arguments(network), targets_in, record=alignment)
    sampled = scheduled_sampling(
        *arguments(network), targets_in, 0.0, [1, 2], record=alignment, temperature=1.0
    )
    assert_same(sampled, forced)


def test_always_sampling_is_free_running(network, targets_in):
    free = free_running(*arguments(network), start_id=0, num_steps=5, record=alignment)
    sampled = scheduled_sampling(
        *arguments(network), targets_in, tf.constant(1.0), [1, 2], record=alignment
    )
    assert_same(sampled, free)


def test_free_running_is_greedy_decoding(network):
    logits, _ = free_running(*arguments(network), start_id=0, num_steps=6)
    decoded = greedy_search(*arguments(network), start_id=0, stop_id=None, max_length=6)
    np.testing.assert_array_equal(tf.argmax(logits, -1), decoded.tokens)


def fed_tokens(probability, seed, rows=400, steps=30, **settings):
    """What a step is fed whose own token is always 1 where the true one is 0."""

    def step(tokens, state, memory):
        return tf.constant([[0.0, 9.0]]) * tf.ones([rows, 1]), tf.cast(tokens, tf.float32)[:, None]

    _, fed = scheduled_sampling(
        step, tf.zeros([rows, 1]), None, tf.zeros([rows, steps], tf.int32), probability, seed,
        record=lambda state: state, **settings,
    )  # fmt: skip
    return fed[:, :, 0].numpy()


def test_a_coin_for_every_step_and_row():
    fed = fed_tokens(0.3, [1, 2])
    assert np.all(fed[:, 0] == 0), "the start token is always fed"
    coins = fed[:, 1:]
    # Five standard deviations, over all coins, of each step and of each row.
    for axis in (None, 0, 1):
        count = coins.size // np.size(coins.mean(axis))
        assert np.all(np.abs(coins.mean(axis) - 0.3) < 5 * np.sqrt(0.21 / count))
    together = np.mean(coins[:, :-1] * coins[:, 1:])
    assert abs(together - 0.09) < 0.02, "neighbouring coins are independent"
    np.testing.assert_array_equal(fed, fed_tokens(0.3, [1, 2]))
    assert np.any(fed != fed_tokens(0.3, [1, 3]))


def test_a_probability_for_each_row():
    fed = fed_tokens(tf.repeat([0.0, 1.0], 200), [1, 2])
    assert np.all(fed[:200] == 0) and np.all(fed[200:, 1:] == 1)


def test_gradients_are_those_of_the_written_out_steps(network, targets_in):
    weights = tf.Variable(network.recurrent)

    def step(tokens, state, memory):
        hidden = tf.tanh(tf.gather(network.embedding, tokens) + state["h"] @ weights + memory[0])
        return hidden @ network.output, {"h": hidden, "alignment": state["alignment"]}

    def loss_of(logits):
        labels = tf.roll(targets_in, -1, axis=1)
        return tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))

    with tf.GradientTape() as tape:
        state, rows = network.state(), []
        for index in range(5):
            logits, state = step(targets_in[:, index], state, network.tf_memory())
            rows.append(logits)
        loss = loss_of(tf.stack(rows, axis=1))
    expected = tape.gradient(loss, weights)

    def gradient():
        with tf.GradientTape() as tape:
            logits, _ = teacher_forcing(step, network.state(), network.tf_memory(), targets_in)
            loss = loss_of(logits)
        return tape.gradient(loss, weights)

    for compute in (gradient, tf.function(gradient), tf.function(gradient, jit_compile=True)):
        np.testing.assert_allclose(compute(), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_graphs_of_any_batch_and_width(network, targets_in, jit_compile):
    @tf.function(
        input_signature=[
            {"h": tf.TensorSpec([None, 5]), "alignment": tf.TensorSpec([None, 4])},
            (tf.TensorSpec([None, 5]),),
            tf.TensorSpec([None, None], tf.int32),
        ],
        jit_compile=jit_compile,
    )
    def graph(state, memory, targets_in):
        return scheduled_sampling(
            network.step, state, memory, targets_in, 1.0, [1, 2], record=alignment
        )

    for width in (5, 1):
        eager = scheduled_sampling(*arguments(network), targets_in[:, :width], 1.0, [1, 2])
        logits, _ = graph(network.state(), network.tf_memory(), targets_in[:, :width])
        np.testing.assert_allclose(logits, eager[0], rtol=1e-4, atol=1e-5)


class Copier(keras.Model):
    """Reads nothing but its own past: learns to count up, by scheduled sampling in `fit`."""

    def __init__(self, num_tokens, schedule):
        super().__init__()
        self.embedding = keras.layers.Embedding(num_tokens, 8)
        self.cell = keras.layers.LSTMCell(16)
        self.head = keras.layers.Dense(num_tokens)
        self.schedule = schedule

    def step(self, tokens, state, memory):
        output, state = self.cell(self.embedding(tokens), list(state))
        return self.head(output), tuple(state)

    def build(self, input_shape):
        self.embedding.build(input_shape)
        self.cell.build((None, 8))
        self.head.build((None, 16))

    def call(self, targets_in, training=False):
        state = tuple(self.cell.get_initial_state(tf.shape(targets_in)[0]))
        if not training:
            return teacher_forcing(self.step, state, None, targets_in)[0]
        probability = self.schedule(self.optimizer.iterations)
        seed = tf.stack([tf.cast(self.optimizer.iterations, tf.int32), 0])
        return scheduled_sampling(self.step, state, None, targets_in, probability, seed)[0]


@pytest.mark.parametrize(
    "jit_compile", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["plain", "compiled"]
)
def test_keras_fit_learns_with_scheduled_sampling(jit_compile):
    keras.utils.set_random_seed(0)
    numbers = (np.arange(7)[None] + np.arange(64)[:, None]) % 6
    model = Copier(6, LinearSampling(num_steps=60, most=0.5))
    model.compile(
        keras.optimizers.Adam(0.03),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=jit_compile,
    )
    model.fit(numbers[:, :-1], numbers[:, 1:], batch_size=16, epochs=15, verbose=0)
    assert model.evaluate(numbers[:, :-1], numbers[:, 1:], verbose=0, return_dict=True)[
        "accuracy"
    ] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a: teacher_forcing(*a, [0, 1]), r"targets_in has shape \(2,\)"),
        (lambda a: teacher_forcing(*a, tf.zeros([3, 0], tf.int32)), "one step at least"),
        (lambda a: scheduled_sampling(*a, [[0]] * 3, 1.5, [1, 2]), r"probability is 1\.5"),
        (lambda a: free_running(*a, start_id=0, num_steps=2, temperature=1.0), "needs a seed"),
    ],
)
def test_bad_settings_are_refused(network, call, message):
    with pytest.raises(InputError, match=message):
        call(arguments(network))
