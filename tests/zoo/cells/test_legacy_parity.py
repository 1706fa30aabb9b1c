"""The same weights, the same numbers: the zoo against TensorFlow's own legacy cells."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo import cells
from zoo.recurrence import bidirectional_dynamic_rnn, dynamic_rnn

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CELLS = {
    "basic_rnn": lambda: cells.BasicRNNCell(5),
    "basic_rnn_relu": lambda: cells.BasicRNNCell(5, activation="relu"),
    "gru": lambda: cells.GRUCell(5),
    "basic_lstm": lambda: cells.BasicLSTMCell(5),
    "basic_lstm_forget": lambda: cells.BasicLSTMCell(5, forget_bias=0.25),
    "basic_lstm_joined": lambda: cells.BasicLSTMCell(5, state_is_tuple=False),
    "lstm": lambda: cells.LSTMCell(5),
    "lstm_peepholes": lambda: cells.LSTMCell(5, use_peepholes=True),
    "lstm_projection": lambda: cells.LSTMCell(5, num_proj=2),
    "lstm_clipping": lambda: cells.LSTMCell(5, cell_clip=0.3),
    "lstm_everything": lambda: cells.LSTMCell(
        5, use_peepholes=True, cell_clip=0.5, num_proj=2, proj_clip=0.2
    ),
    "lstm_joined": lambda: cells.LSTMCell(5, num_proj=2, state_is_tuple=False),
    "stack": lambda: cells.MultiRNNCell([cells.BasicLSTMCell(n) for n in (5, 4, 2)]),
    "mixed_stack": lambda: cells.MultiRNNCell(
        [
            cells.GRUCell(4),
            cells.ResidualWrapper(cells.LSTMCell(4, use_peepholes=True)),
            cells.BasicRNNCell(2),
        ]
    ),
    "joined_stack": lambda: cells.MultiRNNCell(
        [cells.GRUCell(4), cells.BasicRNNCell(2)], state_is_tuple=False
    ),
}
FULL = {"basic_lstm_full": CELLS["basic_lstm"], "gru_full": CELLS["gru"]}


def saved_state(cell, numbers, kind, first=0):
    """Puts the flat arrays of one kind into the structure of a cell's state."""
    size = cell.state_size
    count = len(tf.nest.flatten(size))
    flat = [tf.constant(numbers[f"{kind}/{first + i}"]) for i in range(count)]
    return tf.nest.pack_sequence_as(size, flat)


def assert_same(state, numbers, kind, first=0):
    for i, part in enumerate(tf.nest.flatten(state)):
        np.testing.assert_allclose(part, numbers[f"{kind}/{first + i}"], atol=2e-6)


@pytest.fixture
def numbers_of(legacy_numbers):
    def take(case):
        cut = len(case) + 1
        return {k[cut:]: v for k, v in legacy_numbers.items() if k.startswith(f"{case}/")}

    return take


@pytest.mark.parametrize("case", [*CELLS, *FULL])
def test_values_and_gradients_over_time(case, numbers_of, legacy_numbers, legacy_folder):
    numbers = numbers_of(case)
    make = {**CELLS, **FULL}[case]
    cell = make()
    cells.load_tf1_checkpoint(cell, legacy_folder / case / "model.ckpt")
    lengths = None if case in FULL else legacy_numbers["lengths"]
    inputs = tf.constant(numbers["inputs"])
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs, state = dynamic_rnn(cell, inputs, lengths, saved_state(cell, numbers, "initial"))
        loss = tf.reduce_sum(outputs * numbers["weight"])
        loss += sum(tf.reduce_sum(part**2) for part in tf.nest.flatten(state))
    tf.nest.assert_same_structure(state, cell.state_size)
    np.testing.assert_allclose(outputs, numbers["outputs/0"], atol=2e-6)
    assert_same(state, numbers, "state")

    gradients = {k.removeprefix("gradient/"): v for k, v in numbers.items() if "gradient/" in k}
    variables = [weight.value for weight in cell.trainable_weights]
    of_inputs, *of_variables = tape.gradient(loss, [inputs, *variables])
    np.testing.assert_allclose(of_inputs, gradients.pop("inputs"), atol=2e-5)
    # A second cell takes the legacy gradients in place of weights: that pairs them by name.
    expected = make()
    cells.load_tf1_checkpoint(expected, gradients)
    assert len(expected.trainable_weights) == len(gradients)
    for ours, theirs in zip(of_variables, expected.trainable_weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=5e-5, err_msg=theirs.path)


def test_one_step(numbers_of, legacy_folder):
    numbers = numbers_of("one_step")
    cell = cells.BasicLSTMCell(5)
    cells.load_tf1_checkpoint(cell, legacy_folder / "one_step")
    output, state = cell(numbers["inputs"][:, 0], saved_state(cell, numbers, "initial"))
    np.testing.assert_allclose(output, numbers["outputs/0"], atol=1e-6)
    assert_same(state, numbers, "state")


def test_both_directions(numbers_of, legacy_numbers, legacy_folder):
    numbers = numbers_of("bidirectional")
    forward, backward = cells.BasicLSTMCell(5), cells.GRUCell(4)
    checkpoint = legacy_folder / "bidirectional" / "model.ckpt"
    cells.load_tf1_checkpoint(forward, checkpoint, scope="bidirectional_rnn/fw")
    cells.load_tf1_checkpoint(backward, checkpoint, scope="bidirectional_rnn/bw")
    outputs, states = bidirectional_dynamic_rnn(
        forward,
        backward,
        numbers["inputs"],
        legacy_numbers["lengths"],
        saved_state(forward, numbers, "initial"),
        saved_state(backward, numbers, "initial", first=2),
    )
    assert_same(outputs, numbers, "outputs")
    assert_same(states, numbers, "state")


def test_time_major(numbers_of, legacy_numbers, legacy_folder):
    numbers = numbers_of("time_major")
    cell = cells.GRUCell(5)
    cells.load_tf1_checkpoint(cell, legacy_folder / "time_major" / "model.ckpt")
    inputs = np.swapaxes(numbers["inputs"], 0, 1)
    outputs, state = dynamic_rnn(cell, inputs, legacy_numbers["lengths"], time_major=True)
    np.testing.assert_allclose(np.swapaxes(outputs, 0, 1), numbers["outputs/0"], atol=2e-6)
    assert_same(state, numbers, "state")


@pytest.mark.parametrize("case", ["basic_rnn", "basic_rnn_relu", "gru", "basic_lstm", "lstm"])
def test_keras_counterpart_gives_the_same_numbers(case, numbers_of, legacy_numbers, legacy_folder):
    numbers = numbers_of(case)
    cell = CELLS[case]()
    cells.load_tf1_checkpoint(cell, legacy_folder / case / "model.ckpt")
    initial = tf.nest.flatten(saved_state(cell, numbers, "initial"))[::-1]  # Keras has h, c
    layer = keras.layers.RNN(
        cells.to_keras(cell), return_sequences=True, return_state=True, zero_output_for_mask=True
    )
    mask = np.arange(numbers["inputs"].shape[1]) < legacy_numbers["lengths"][:, np.newaxis]
    outputs, *state = layer(
        tf.constant(numbers["inputs"]), initial_state=initial, mask=tf.constant(mask)
    )
    np.testing.assert_allclose(outputs, numbers["outputs/0"], atol=2e-6)
    assert_same(state[::-1], numbers, "state")
