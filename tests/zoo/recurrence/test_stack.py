import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import InputError
from zoo.recurrence.stack import RecurrentStack

CELLS = ["lstm", "gru", "simple_rnn", "basic_lstm", "sru", "qrnn"]


def data(batch=4, steps=6, width=3):
    return np.random.default_rng(0).normal(size=[batch, steps, width]).astype("float32")


@pytest.mark.parametrize("cell", CELLS)
def test_the_whole_is_its_steps(cell):
    stack = RecurrentStack(cell, 5, num_layers=2)
    inputs, lengths = data(), np.array([0, 1, 4, 6])
    outputs, states = stack(inputs, lengths)
    running = stack.get_initial_state(4)
    for t in range(6):
        output, following = stack.step(inputs[:, t], running)
        real = (t < lengths)[:, None]
        np.testing.assert_allclose(outputs[:, t], np.where(real, output, 0), atol=1e-5)
        running = tf.nest.map_structure(lambda a, b, r=real: tf.where(r, a, b), following, running)
    tf.nest.map_structure(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), states, running)


@pytest.mark.parametrize("cell", CELLS)
def test_each_row_backwards_from_its_own_end(cell):
    stack = RecurrentStack(cell, 5, bidirectional=True)
    inputs, lengths = data(), np.array([0, 1, 4, 6])
    outputs, ((_, backward_state),) = stack(inputs, lengths)
    for row, length in enumerate(lengths):
        alone = inputs[row : row + 1, :length][:, ::-1]
        layer = stack.layers[1]
        expected, state = layer(alone, np.array([length])) if length else (None, None)
        if length:
            np.testing.assert_allclose(outputs[row, :length, 5:], expected[0, ::-1], atol=1e-5)
            ours = tf.nest.map_structure(lambda s, r=row: s[r], backward_state)
            tf.nest.map_structure(
                lambda a, b: np.testing.assert_allclose(a, b[0], atol=1e-5), ours, state
            )
        np.testing.assert_array_equal(outputs[row, length:], 0)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_more_padding_changes_nothing(bidirectional):
    stack = RecurrentStack("lstm", 5, num_layers=2, bidirectional=bidirectional)
    inputs, lengths = data(), np.array([0, 1, 4, 6])
    outputs, states = stack(inputs, lengths)
    padded = np.concatenate([inputs, np.full([4, 3, 3], 9.0, "float32")], 1)
    more, same = stack(padded, lengths)
    np.testing.assert_allclose(outputs, more[:, :6], atol=1e-6)
    tf.nest.map_structure(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), states, same)


def test_chunks_with_the_state_carried_over_are_the_whole():
    stack = RecurrentStack("gru", 4, num_layers=2)
    inputs = data()
    outputs, states = stack(inputs)
    first, state = stack(inputs[:, :2])
    second, state = stack(inputs[:, 2:], initial_state=state)
    np.testing.assert_allclose(outputs, np.concatenate([first, second], 1), atol=1e-5)
    tf.nest.map_structure(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), states, state)


def test_residual_adds_the_layer_below():
    plain = RecurrentStack("simple_rnn", 4, num_layers=2)
    residual = RecurrentStack("simple_rnn", 4, num_layers=2, residual=True)
    inputs = data()
    plain(inputs)
    residual(inputs)
    residual.set_weights(plain.get_weights())
    below = plain.layers[0](inputs)[0]
    np.testing.assert_allclose(residual(inputs)[0], plain(inputs)[0] + below, atol=1e-5)


def test_a_model_that_holds_it_is_saved_and_loaded(tmp_path):
    x, n = keras.Input([None, 3]), keras.Input([], dtype="int32")
    outputs, states = RecurrentStack("lstm", 5, num_layers=2, bidirectional=True)(x, n)
    model = keras.Model([x, n], [outputs, states[0][0][1]])
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    given = [data(), np.array([0, 1, 4, 6], "int32")]
    for a, b in zip(model(given), loaded(given), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cell": "lstn", "units": 3}, "did you mean 'lstm'"),
        ({"cell": "lstm", "units": 3, "num_layers": 0}, "num_layers is 0"),
        ({"cell": "lstm", "units": 3, "dropout": 1.0}, "dropout is 1.0"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(InputError, match=message):
        RecurrentStack(**settings)


def test_one_cell_object_at_two_places_is_refused():
    cell = keras.layers.GRUCell(3)
    with pytest.raises(InputError, match="make a new cell for each place"):
        RecurrentStack([cell, cell], num_layers=2)


def test_a_bidirectional_stack_has_no_step():
    stack = RecurrentStack("lstm", 3, bidirectional=True)
    with pytest.raises(InputError, match="no step"):
        stack.step(data()[:, 0], stack.get_initial_state(4))


def test_weight_dropout_and_the_first_input_have_rates_of_their_own(tmp_path):
    x = keras.Input([None, 3])
    stack = RecurrentStack(
        "gru", 5, 2, dropout=0.3, input_dropout=0.0, recurrent_weight_dropout=0.5
    )
    model = keras.Model(x, stack(x)[0])
    model.save(tmp_path / "m.keras")
    model = keras.models.load_model(tmp_path / "m.keras")
    stack = model.layers[-1]
    assert [d.rate for d in stack._dropouts] == [0.0, 0.3]
    assert [one.layer.recurrent_weight_dropout for one in stack.layers] == [0.5, 0.5]
    first = stack.layers[0](data(), training=True)[0]
    assert not np.allclose(first, stack.layers[0](data(), training=True)[0])


@pytest.mark.parametrize("cell", ["basic_lstm", [keras.layers.GRUCell(3)]])
def test_weight_dropout_wants_a_fast_layer(cell):
    with pytest.raises(InputError, match="goes with the cells lstm, gru, simple_rnn alone"):
        RecurrentStack(cell, 3, recurrent_weight_dropout=0.5)
