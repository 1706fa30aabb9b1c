import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.recurrence.simple_rnn import SimpleRNN

FUNCTIONS = {
    "tanh": (np.tanh, lambda h: 1 - h**2),
    "relu": (lambda x: np.maximum(x, 0), lambda h: (h > 0).astype(float)),
    "linear": (lambda x: x, np.ones_like),
}


@pytest.mark.parametrize("activation", FUNCTIONS)
def test_is_the_formula_and_its_back_propagation_through_time(activation):
    generator = np.random.default_rng(0)
    batch, time, width, units = 4, 5, 3, 2
    lengths = np.array([0, 1, time, 3])
    shapes = [(batch, time, width), (batch, units), (width, units), (units, units), (units,)]
    values = sequences, initial, kernel, recurrent, bias = [
        generator.normal(size=shape) * 0.5 for shape in shapes
    ]
    pull = generator.normal(size=(batch, time, units))
    function, slope = FUNCTIONS[activation]

    outputs = np.zeros_like(pull)
    grads = [np.zeros_like(value) for value in values]
    for row, length in enumerate(lengths):
        path = [initial[row]]
        for step in range(length):
            path.append(function(sequences[row, step] @ kernel + path[-1] @ recurrent + bias))
            outputs[row, step] = path[-1]
        back = np.zeros(units)
        for step in reversed(range(length)):
            delta = (back + pull[row, step]) * slope(path[step + 1])
            grads[0][row, step] = kernel @ delta
            grads[2] += np.outer(sequences[row, step], delta)
            grads[3] += np.outer(path[step], delta)
            grads[4] += delta
            back = recurrent @ delta
        grads[1][row] = back

    layer = SimpleRNN(
        units,
        activation=activation,
        return_sequences=True,
        zero_output_for_mask=True,
        dtype="float64",
    )
    layer.build(sequences.shape)
    layer.set_weights([kernel, recurrent, bias])
    sources = [tf.constant(sequences), tf.constant(initial)]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        result = layer(sources[0], initial_state=sources[1], sequence_length=lengths)
        total = tf.reduce_sum(result * pull)
    np.testing.assert_allclose(result, outputs, atol=1e-12)
    found = tape.gradient(total, [*sources, *layer.trainable_variables])
    for one, other in zip(found, grads, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_another_activation_is_left_to_keras():
    ours, theirs = SimpleRNN(4, activation="gelu"), keras.layers.SimpleRNN(4, activation="gelu")
    data = tf.constant(np.random.default_rng(0).normal(size=(3, 5, 2)), tf.float32)
    ours(data), theirs(data)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours(data), theirs(data), atol=1e-6)
