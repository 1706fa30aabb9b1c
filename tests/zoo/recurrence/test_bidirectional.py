import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.recurrence import GRU, LSTM, Bidirectional, SimpleRNN

LENGTHS = np.array([0, 1, 5, 3])


def data(batch=4, time=5, width=3):
    return tf.constant(np.random.default_rng(0).normal(size=(batch, time, width)), tf.float32)


@pytest.mark.parametrize("kind", [LSTM, GRU, SimpleRNN])
@pytest.mark.parametrize("return_sequences", [True, False])
def test_is_two_walks_over_each_row(kind, return_sequences):
    layer = Bidirectional(kind(2, return_sequences=return_sequences, return_state=True))
    sequences = data()
    output, *states = layer(sequences, sequence_length=LENGTHS)
    forward, backward = layer.forward_layer.cell, layer.backward_layer.cell
    half = len(states) // 2
    for row, length in enumerate(LENGTHS):
        walks = []
        for cell, steps in ((forward, range(length)), (backward, reversed(range(length)))):
            state, outputs = cell.get_initial_state(1), np.zeros([5, 2])
            for step in steps:
                shown, state = cell(sequences[row : row + 1, step], state)
                outputs[step] = shown[0]
            walks.append((outputs, [part[0] for part in state]))
        found = [state[row] for state in states]
        np.testing.assert_allclose(found[:half], walks[0][1], atol=1e-6)
        np.testing.assert_allclose(found[half:], walks[1][1], atol=1e-6)
        if return_sequences:
            expected = np.concatenate([walks[0][0], walks[1][0]], axis=-1)
        else:
            expected = np.concatenate([found[0], found[half]])
        np.testing.assert_allclose(output[row], expected, atol=1e-6)


@pytest.mark.parametrize("merge_mode", ["concat", "sum", "mul", "ave", None])
def test_agrees_with_keras(merge_mode):
    options = dict(merge_mode=merge_mode)
    ours = Bidirectional(LSTM(2, return_sequences=True, return_state=True), **options)
    theirs = keras.layers.Bidirectional(
        keras.layers.LSTM(2, return_sequences=True, return_state=True), **options
    )
    sequences, states = data(), [tf.random.normal([4, 2], seed=n) for n in range(4)]
    ours(sequences), theirs(sequences)
    theirs.set_weights(ours.get_weights())
    mask = tf.sequence_mask(LENGTHS, 5)

    def run(layer):
        with tf.GradientTape() as tape:
            tape.watch([sequences, states])
            results = layer(sequences, initial_state=states, mask=mask)
            loss = sum(tf.reduce_sum(result**2) for result in results)
        return results, tape.gradient(loss, [sequences, *states, *layer.trainable_variables])

    for one, other in zip(tf.nest.flatten(run(ours)), tf.nest.flatten(run(theirs)), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_saves_with_cudnn_still_off(tmp_path):
    sequences, lengths = keras.Input([None, 3]), keras.Input([], dtype="int32")
    layer = Bidirectional(GRU(2, use_cudnn=False))
    model = keras.Model([sequences, lengths], layer(sequences, sequence_length=lengths))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    found = next(each for each in loaded.layers if type(each) is Bidirectional)
    for direction in (found.forward_layer, found.backward_layer):
        assert type(direction) is GRU
        assert direction.use_cudnn is False
    fed = [data(), tf.constant(LENGTHS)]
    np.testing.assert_allclose(loaded(fed), model(fed))
