import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.recurrence.gru import GRU


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_hand(sequences, lengths, h, kernel, recurrent, bias, reset_after):
    """The formulas, one row and one step at a time."""
    outputs, h, units = np.zeros((*sequences.shape[:2], h.shape[1])), h.copy(), h.shape[1]
    outer, inner = bias if reset_after else (bias, np.zeros_like(bias))
    for row, length in enumerate(lengths):
        for time in range(length):
            x_z, x_r, x_h = np.split(sequences[row, time] @ kernel + outer, 3)
            h_z, h_r, h_h = np.split(h[row] @ recurrent + inner, 3)
            z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
            if not reset_after:
                h_h = (r * h[row]) @ recurrent[:, 2 * units :]
            new = np.tanh(x_h + (r * h_h if reset_after else h_h))
            h[row] = z * h[row] + (1 - z) * new
            outputs[row, time] = h[row]
    return outputs, h


def make(reset_after, batch=4, time=5, width=3, units=2, **options):
    generator = np.random.default_rng(0)
    bias = (2, 3 * units) if reset_after else (3 * units,)
    shapes = [(batch, time, width), (batch, units), (width, 3 * units), (units, 3 * units), bias]
    values = [generator.normal(size=shape) for shape in shapes]
    layer = GRU(
        units,
        reset_after=reset_after,
        return_sequences=True,
        return_state=True,
        zero_output_for_mask=True,
        dtype="float64",
    )
    layer.build(values[0].shape)
    layer.set_weights(values[2:])
    return layer, values, np.array([0, 1, time, 3])


@pytest.mark.parametrize("reset_after", [True, False])
def test_is_the_formulas(reset_after):
    layer, values, lengths = make(reset_after)
    sequences, h = map(tf.constant, values[:2])
    results = layer(sequences, initial_state=h, sequence_length=lengths)
    expected = by_hand(values[0], lengths, *values[1:], reset_after)
    for result, hand in zip(results, expected, strict=True):
        np.testing.assert_allclose(result, hand, atol=1e-12)


@pytest.mark.parametrize("reset_after", [True, False])
def test_gradients_are_the_slopes_of_the_formulas(reset_after):
    layer, values, lengths = make(reset_after)
    pulls = [np.cos(np.arange(n)) for n in (4 * 5 * 2, 4 * 2)]

    def loss():
        results = by_hand(values[0], lengths, *values[1:], reset_after)
        return sum(np.sum(r.ravel() * pull) for r, pull in zip(results, pulls, strict=True))

    sources = [tf.constant(value) for value in values[:2]]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        results = layer(sources[0], initial_state=sources[1], sequence_length=lengths)
        flat = [tf.reshape(result, [-1]) for result in results]
        total = sum(tf.reduce_sum(r * pull) for r, pull in zip(flat, pulls, strict=True))
    gradients = tape.gradient(total, [*sources, *layer.trainable_variables])
    for value, gradient in zip(values, gradients, strict=True):
        slopes = np.zeros_like(value)
        for place in np.ndindex(value.shape):
            kept, step = value[place], 1e-5
            value[place] = kept + step
            above = loss()
            value[place] = kept - step
            slopes[place] = (above - loss()) / (2 * step)
            value[place] = kept
        np.testing.assert_allclose(gradient, slopes, atol=1e-7)


def test_reset_before_without_bias_is_that_of_keras():
    options = dict(reset_after=False, use_bias=False, return_sequences=True)
    ours, theirs = GRU(4, **options), keras.layers.GRU(4, **options)
    data = tf.constant(np.random.default_rng(0).normal(size=(3, 5, 2)), tf.float32)
    ours(data), theirs(data)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours(data), theirs(data), atol=1e-6)
