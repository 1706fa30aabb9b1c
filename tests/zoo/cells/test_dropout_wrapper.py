"""Dropout around a cell: what is dropped, when, and for how long the masks stay."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo import cells
from zoo.cells import LSTMStateTuple
from zoo.errors import InputError
from zoo.recurrence import dynamic_rnn


@keras.saving.register_keras_serializable(package="zoo_tests")
class Echo(cells.RNNCell):
    """Puts out its input, and carries its input on as c, h: what dropout does is plain to see."""

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    @property
    def state_size(self):
        return LSTMStateTuple(self.size, self.size)

    @property
    def output_size(self):
        return self.size

    def build(self, input_shape):
        self.keep_input_features(input_shape)

    def call(self, inputs, states, training=None):
        return inputs, LSTMStateTuple(inputs, inputs)


ONES = np.ones((3, 8, 50), "float32")


def masks_over_time(cell, training=True):
    """Runs an echo over ones: what comes out at every step is the mask."""
    return dynamic_rnn(cell, ONES, training=training)[0].numpy()


@pytest.mark.parametrize("side", ["input_keep_prob", "output_keep_prob"])
def test_what_is_kept_is_scaled_up(side):
    outputs = masks_over_time(cells.DropoutWrapper(Echo(50), seed=1, **{side: 0.8}))
    kept = outputs != 0
    np.testing.assert_allclose(outputs[kept], 1 / 0.8, rtol=1e-6)
    assert abs(kept.mean() - 0.8) < 0.05


def test_input_and_output_masks_are_drawn_apart():
    cell = cells.DropoutWrapper(Echo(50), input_keep_prob=0.5, output_keep_prob=0.5, seed=1)
    values = np.unique(masks_over_time(cell))
    np.testing.assert_allclose(values, [0, 4], rtol=1e-6)
    assert abs((masks_over_time(cell) != 0).mean() - 0.25) < 0.06


def test_nothing_changes_at_inference():
    cell = cells.DropoutWrapper(Echo(50), 0.5, 0.5, 0.5, variational_recurrent=True)
    np.testing.assert_array_equal(masks_over_time(cell, training=False), ONES)
    np.testing.assert_array_equal(masks_over_time(cell, training=None), ONES)


def test_masks_are_new_at_every_step_unless_variational():
    outputs = masks_over_time(cells.DropoutWrapper(Echo(50), output_keep_prob=0.5))
    steps = [outputs[:, t].tobytes() for t in range(8)]
    assert len(set(steps)) == 8


@pytest.mark.parametrize("mode", ["eager", "graph", "xla"])
@pytest.mark.parametrize("side", ["input_keep_prob", "output_keep_prob"])
def test_variational_masks_stay_for_a_sequence_and_no_longer(mode, side):
    cell = cells.DropoutWrapper(Echo(50), variational_recurrent=True, **{side: 0.5})
    run = masks_over_time
    if mode != "eager":
        function = tf.function(
            lambda x: dynamic_rnn(cell, x, training=True)[0], jit_compile=mode == "xla"
        )

        def run(_):
            return function(ONES).numpy()

    first, second = run(cell), run(cell)
    for outputs in (first, second):
        np.testing.assert_array_equal(outputs, np.repeat(outputs[:, :1], 8, axis=1))
        assert 0.3 < (outputs != 0).mean() < 0.7
        rows = {row.tobytes() for row in outputs[:, 0]}
        assert len(rows) == 3, "every row has a mask of its own"
    assert np.any(first != second), "the next sequence has other masks"


@pytest.mark.parametrize("variational", [False, True])
def test_state_dropout_spares_the_memory(variational):
    cell = cells.DropoutWrapper(
        Echo(50), state_keep_prob=0.5, variational_recurrent=variational, seed=2
    )
    output, state = cell(ONES[:, 0], cell.zero_state(3), training=True)
    np.testing.assert_array_equal(output, ONES[:, 0])
    np.testing.assert_array_equal(state.c, ONES[:, 0])
    np.testing.assert_allclose(np.unique(state.h), [0, 2])


def test_state_dropout_reaches_into_stacks():
    stack = cells.MultiRNNCell([Echo(50), cells.BasicRNNCell(20, bias_initializer="ones")])
    cell = cells.DropoutWrapper(stack, state_keep_prob=0.5, seed=2)
    _, (lower, upper) = cell(ONES[:, 0], cell.zero_state(3), training=True)
    np.testing.assert_array_equal(lower.c, ONES[:, 0])
    assert np.any(lower.h.numpy() == 0)
    assert np.any(upper.numpy() == 0)


def fixed_over_time(outputs):
    return np.array_equal(outputs, np.repeat(outputs[:, :1], outputs.shape[1], axis=1))


def test_masks_stay_inside_stacks_and_under_keras():
    def make():
        echo = cells.DropoutWrapper(Echo(50), output_keep_prob=0.5, variational_recurrent=True)
        return cells.MultiRNNCell([cells.ResidualWrapper(Echo(50)), echo])

    assert fixed_over_time(masks_over_time(make()))
    layer = keras.layers.RNN(make(), return_sequences=True)
    first, second = layer(ONES, training=True).numpy(), layer(ONES, training=True).numpy()
    assert fixed_over_time(first)
    assert np.any(first != second)
    stacked = keras.layers.RNN([make(), make()], return_sequences=True)
    assert stacked(ONES, training=True).shape == (3, 8, 50)


def test_keras_cells_keep_their_masks_too():
    """A Keras cell that drops its inputs holds its mask for one sequence, at any depth."""
    gru = keras.layers.GRUCell(
        50, dropout=0.5, kernel_initializer="identity", recurrent_initializer="zeros"
    )
    stack = cells.MultiRNNCell([Echo(50), gru])
    gru.kernel_initializer = keras.initializers.Constant(0.0)
    outputs, _ = dynamic_rnn(stack, ONES, training=True)
    # Only the candidate sees the input: h_t = z h_{t-1} + (1 - z) tanh(mask x), z = 1/2.
    eye = np.concatenate([np.zeros((50, 100)), np.eye(50)], axis=1)
    gru.set_weights([eye, np.zeros((50, 150)), np.zeros((2, 150))])
    first = dynamic_rnn(stack, ONES, training=True)[0].numpy()
    second = dynamic_rnn(stack, ONES, training=True)[0].numpy()
    assert outputs.shape == first.shape
    for run in (first, second):
        zero = run == 0
        np.testing.assert_array_equal(zero, np.repeat(zero[:, :1], 8, axis=1))
        assert 0.2 < zero.mean() < 0.8
    assert np.any((first == 0) != (second == 0))


def test_a_loop_written_by_hand_says_where_a_sequence_is():
    cell = cells.DropoutWrapper(Echo(50), output_keep_prob=0.5, variational_recurrent=True)
    state = cell.zero_state(3)
    with cells.one_sequence(cell, batch_size=3, input_size=50):
        first, second = (cell(ONES[:, 0], state, training=True)[0].numpy() for _ in range(2))
    after = cell(ONES[:, 0], state, training=True)[0].numpy()
    np.testing.assert_array_equal(first, second)
    assert np.any(after != first)


def test_an_error_inside_a_sequence_leaves_no_mask_behind():
    cell = cells.DropoutWrapper(Echo(50), output_keep_prob=0.5, variational_recurrent=True)
    with pytest.raises(ZeroDivisionError), cells.one_sequence(cell, 3, 50):
        raise ZeroDivisionError
    outputs = [cell(ONES[:, 0], cell.zero_state(3), training=True)[0].numpy() for _ in range(2)]
    assert np.any(outputs[0] != outputs[1])


def test_a_seed_repeats():
    first, second = (
        masks_over_time(cells.DropoutWrapper(Echo(50), output_keep_prob=0.5, seed=11))
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", ["input_keep_prob", "output_keep_prob", "state_keep_prob"])
@pytest.mark.parametrize("value", [0.0, -0.1, 1.1, "half", True])
def test_probabilities_that_cannot_be(name, value):
    with pytest.raises(InputError, match=f"{name} above 0 and at most 1; got {value!r}"):
        cells.DropoutWrapper(Echo(4), **{name: value})
