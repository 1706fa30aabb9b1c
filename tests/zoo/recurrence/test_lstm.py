import numpy as np
import tensorflow as tf

from zoo.recurrence.lstm import LSTM


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_hand(sequences, lengths, h, c, kernel, recurrent, bias):
    """The formulas, one row and one step at a time."""
    outputs = np.zeros((*sequences.shape[:2], h.shape[1]))
    h, c = h.copy(), c.copy()
    for row, length in enumerate(lengths):
        for time in range(length):
            z = sequences[row, time] @ kernel + h[row] @ recurrent + bias
            i, f, g, o = np.split(z, 4)
            c[row] = sigmoid(f) * c[row] + sigmoid(i) * np.tanh(g)
            h[row] = sigmoid(o) * np.tanh(c[row])
            outputs[row, time] = h[row]
    return outputs, h, c


def make(batch=4, time=5, width=3, units=2):
    generator = np.random.default_rng(0)
    shapes = [(batch, time, width), (batch, units), (batch, units)]
    shapes += [(width, 4 * units), (units, 4 * units), (4 * units,)]
    return [generator.normal(size=shape) for shape in shapes], np.array([0, 1, time, 3])


def test_is_the_formulas():
    (sequences, h, c, *weights), lengths = make()
    layer = LSTM(2, return_sequences=True, return_state=True, zero_output_for_mask=True)
    layer.build(sequences.shape)
    layer.set_weights(weights)
    states = [tf.constant(h, tf.float32), tf.constant(c, tf.float32)]
    results = layer(
        tf.constant(sequences, tf.float32), initial_state=states, sequence_length=lengths
    )
    for result, expected in zip(results, by_hand(sequences, lengths, h, c, *weights), strict=True):
        np.testing.assert_allclose(result, expected, atol=1e-6)


def test_gradients_are_the_slopes_of_the_formulas():
    values, lengths = make()
    layer = LSTM(
        2, return_sequences=True, return_state=True, zero_output_for_mask=True, dtype="float64"
    )
    layer.build(values[0].shape)
    layer.set_weights(values[3:])
    pulls = [np.cos(np.arange(n)) for n in (4 * 5 * 2, 4 * 2, 4 * 2)]

    def loss(values):
        sequences, *rest = values
        results = by_hand(sequences, lengths, *rest)
        return sum(np.sum(r.ravel() * pull) for r, pull in zip(results, pulls, strict=True))

    sources = [tf.constant(value) for value in values[:3]]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        results = layer(sources[0], initial_state=sources[1:], sequence_length=lengths)
        total = sum(
            tf.reduce_sum(tf.reshape(r, [-1]) * p) for r, p in zip(results, pulls, strict=True)
        )
    gradients = tape.gradient(total, [*sources, *layer.trainable_variables])
    for value, gradient in zip(values, gradients, strict=True):
        slopes = np.zeros_like(value)
        for place in np.ndindex(value.shape):
            kept, step = value[place], 1e-5
            value[place] = kept + step
            above = loss(values)
            value[place] = kept - step
            slopes[place] = (above - loss(values)) / (2 * step)
            value[place] = kept
        np.testing.assert_allclose(gradient, slopes, atol=1e-7)
