"""Hard attention, and the gradient of its expectation where all choices can be listed."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

import zoo.attention
from zoo.attention import moving_baseline, reinforce_loss

RNG = np.random.default_rng(11)
STEPS, POSITIONS = 2, 3
QUERIES = RNG.normal(size=(STEPS, 4)).astype("float32")
VALUES = RNG.normal(size=(POSITIONS, 4)).astype("float32")


def loss_of(contexts):
    """A loss that depends on all choices together, per row of `[batch, steps, dim]`."""
    return tf.reduce_sum(tf.reduce_prod(contexts, axis=1), axis=-1)


def exact_gradient(matrix):
    """The gradient of the expected loss over all sequences of choices, by listing them."""
    with tf.GradientTape() as tape:
        tape.watch(matrix)
        logs = tf.nn.log_softmax(QUERIES @ matrix @ VALUES.T)
        expected = 0.0
        for choice in itertools.product(range(POSITIONS), repeat=STEPS):
            probability = tf.exp(sum(logs[i, j] for i, j in enumerate(choice)))
            expected += probability * loss_of(tf.gather(VALUES, choice)[None])[0]
    return tape.gradient(expected, matrix).numpy()


def made(seed=3):
    attention = zoo.attention.get("hard", score="general", seed=seed)
    attention.build((None, 4), (None, POSITIONS, 4))
    attention.weights[0].assign(0.5 * np.random.default_rng(seed).normal(size=(4, 4)))
    return attention


def run(attention, rows, training=True):
    memory = attention.memory(np.repeat(VALUES[None], rows, 0))
    state = attention.get_initial_state(rows, POSITIONS)
    contexts, weights = [], []
    for query in QUERIES:
        queries = np.repeat(query[None], rows, 0)
        context, weight, state = attention(queries, memory, state, training=training)
        contexts.append(context)
        weights.append(weight)
    return tf.stack(contexts, 1), tf.stack(weights, 1), state


def test_choices_follow_their_probabilities():
    attention = made()
    _, weights, _ = run(attention, 20000)
    kernel = attention.trainable_weights[0].numpy()
    probabilities = tf.nn.softmax(QUERIES @ kernel @ VALUES.T)
    assert set(np.unique(weights)) == {0.0, 1.0}
    assert (weights.numpy().sum(-1) == 1).all()
    np.testing.assert_allclose(weights.numpy().mean(0), probabilities, atol=0.015)


def test_the_state_adds_up_log_probability_and_entropy():
    attention = made()
    _, weights, state = run(attention, 10)
    kernel = attention.trainable_weights[0].numpy()
    probabilities = tf.nn.softmax(QUERIES @ kernel @ VALUES.T).numpy()
    chosen = np.prod(np.sum(weights * probabilities, -1), -1)
    np.testing.assert_allclose(state.log_probability, np.log(chosen), rtol=1e-5)
    entropy = -np.sum(probabilities * np.log(probabilities))
    np.testing.assert_allclose(state.entropy, np.full(10, entropy), rtol=1e-5)


def test_inference_takes_the_likeliest_and_the_first_of_equals():
    attention = made()
    _, weights, _ = run(attention, 1, training=False)
    kernel = attention.trainable_weights[0].numpy()
    best = np.argmax(QUERIES @ kernel @ VALUES.T, axis=-1)
    np.testing.assert_array_equal(weights[0], np.eye(POSITIONS)[best])
    memory = attention.memory(np.zeros((1, 3, 4)), np.array([[True, True, False]]))
    np.testing.assert_array_equal(attention(QUERIES[:1], memory)[1], [[1, 0, 0]])


def test_the_estimate_agrees_in_the_mean_with_the_exact_gradient():
    """Within 4 standard errors of the mean, in each of the 16 entries, with a baseline or not."""
    attention = made()
    kernel = attention.trainable_weights[0]
    exact = exact_gradient(tf.constant(kernel.numpy()))
    assert np.abs(exact).max() > 0.05
    for baseline in (0.0, 0.7):
        estimates = []
        for _ in range(25):
            with tf.GradientTape() as tape:
                contexts, _, state = run(attention, 2000)
                losses = loss_of(contexts)
                total = tf.reduce_mean(losses) + reinforce_loss(
                    state.log_probability, reward=-losses, baseline=baseline
                )
            estimates.append(tape.gradient(total, kernel.value).numpy())
        error = np.std(estimates, axis=0, ddof=1) / np.sqrt(len(estimates))
        assert (np.abs(np.mean(estimates, axis=0) - exact) < 4 * error).all()
        assert error.max() < 0.1 * np.abs(exact).max()


def test_a_baseline_lessens_the_spread():
    attention = made()
    kernel = attention.trainable_weights[0]
    spread = []
    for baseline in (0.0, 20.0):
        estimates = []
        for _ in range(20):
            with tf.GradientTape() as tape:
                contexts, _, state = run(attention, 20)
                reward = 20.0 - loss_of(contexts)
                total = reinforce_loss(state.log_probability, reward, baseline)
            estimates.append(tape.gradient(total, kernel.value).numpy())
        spread.append(np.var(estimates, axis=0).sum())
    assert spread[1] < spread[0] / 4


def test_the_loss_and_its_entropy_term():
    log_probability, entropy = np.array([-1.0, -3.0]), np.array([0.5, 1.5])
    loss = reinforce_loss(log_probability, [2.0, 4.0], 1.0, entropy, entropy_weight=0.1)
    assert float(loss) == pytest.approx(-np.mean([1 * -1 + 0.05, 3 * -3 + 0.15]))


def test_no_gradient_goes_through_the_reward():
    reward = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        loss = reinforce_loss(tf.constant([-1.0, -2.0]), reward, moving_baseline(0.0, reward))
    assert tape.gradient(loss, reward) is None


def test_the_baseline_follows_the_mean_reward():
    baseline = 0.0
    for _ in range(3):
        baseline = moving_baseline(baseline, [1.0, 3.0], decay=0.9)
    assert float(baseline) == pytest.approx(2 * (1 - 0.9**3))
