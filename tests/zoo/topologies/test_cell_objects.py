"""Cell objects given to builders: they are the model's own, and no object is in two places."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo import cells
from zoo.errors import InputError
from zoo.recurrence import RecurrentStack
from zoo.topologies.cell_places import share_out

ROWS, UNITS = 2, 4
TOKENS = np.array([[4, 5, 6], [7, 4, 0]], "int32")
SEQUENCE = {"tokens": TOKENS, "length": np.array([3, 1], "int32")}
FEATURES = np.random.default_rng(0).normal(size=[ROWS, 3, 2]).astype("float32")
PAIR = {"source": TOKENS, "source_length": SEQUENCE["length"], "target": TOKENS[:, :2]}
VOCABULARIES = {"source_vocabulary_size": 9, "target_vocabulary_size": 9, "embedding_dim": 3}
# Every builder with a cell: its settings, a batch, and the places for a cell.
CASES = {
    "n_to_n": ({"num_classes": 3, "vocabulary_size": 9}, SEQUENCE, 1),
    "n_to_one": ({"num_classes": 3, "vocabulary_size": 9, "bidirectional": True}, SEQUENCE, 2),
    "joint": (
        {"num_step_classes": 3, "num_row_classes": 2, "num_features": 2, "bidirectional": False},
        {"features": FEATURES, "length": SEQUENCE["length"]},
        1,
    ),
    "tagger": (
        {
            "num_classes": 3,
            "vocabulary_size": 9,
            "character_vocabulary_size": 9,
            "character_units": UNITS,
        },
        {**SEQUENCE, "characters": np.repeat(TOKENS[..., None], 2, -1)},
        4,
    ),
    "cloze": ({"vocabulary_size": 9, "num_layers": 2}, SEQUENCE, 4),
    "recurrent_features": ({"vocabulary_size": 9, "num_layers": 2}, SEQUENCE, 2),
    "one_to_n": (
        {"num_features": 2, "vocabulary_size": 9},
        {"features": FEATURES[:, 0], "target": TOKENS},
        1,
    ),
    "one_to_frames": (
        {"num_features": 2, "num_outputs": 3},
        {"features": FEATURES[:, 0], "length": SEQUENCE["length"]},
        1,
    ),
    "captioning": (
        {"height": 4, "width": 4, "vocabulary_size": 9, "filters": (2,)},
        {"image": np.ones([ROWS, 4, 4, 1], "float32"), "target": TOKENS},
        1,
    ),
    "n_to_m": ({**VOCABULARIES, "bidirectional": True, "bridge": "dense"}, PAIR, 3),
    "attention_n_to_m": ({**VOCABULARIES, "query": "previous"}, PAIR, 3),
    "forecast": (
        {"num_features": 2, "window": 3, "horizon": 2, "form": "n_to_m"},
        {"past": FEATURES},
        2,
    ),
    "grid_rnn": (
        {"num_channels": 1, "num_classes": 3},
        {"image": np.random.default_rng(1).normal(size=[ROWS, 4, 4, 1]).astype("float32")},
        4,
    ),
    "reading_comprehension": (
        {"num_answers": 3, "vocabulary_size": 9},
        {
            "story": np.repeat(TOKENS[:, None], 2, axis=1),
            "sentence_length": np.array([[3, 1], [2, 0]], "int32"),
            "story_length": np.array([2, 1], "int32"),
            "question": TOKENS,
            "question_length": SEQUENCE["length"],
        },
        3,
    ),
    "skip_thought": (
        {"vocabulary_size": 9},
        {
            "source": TOKENS,
            "source_length": SEQUENCE["length"],
            "previous": TOKENS,
            "next": TOKENS,
        },
        3,
    ),
}
BY_DEFAULT = ("one_to_n", "n_to_m", "cloze", "skip_thought")
every_builder = pytest.mark.parametrize(
    "name",
    [n if n in BY_DEFAULT else pytest.param(n, marks=pytest.mark.slow) for n in CASES],
)


def build(name, cell, **more):
    return zoo.build(name, **CASES[name][0], cell=cell, **more)


def a_stack():
    return cells.MultiRNNCell([cells.BasicLSTMCell(3), cells.BasicLSTMCell(UNITS)])


def test_every_builder_with_a_cell_is_here():
    from zoo.topologies.registry import builders

    with_cell = {n for n in builders if "cell" in builders.get(n).__wrapped__.__code__.co_varnames}
    assert with_cell == set(CASES)


@every_builder
def test_objects_give_the_numbers_of_their_name(name):
    _, batch, places = CASES[name]
    named = build(name, "basic_lstm", units=UNITS)
    # The units are the cell's where they are not given.
    ours = build(name, [cells.BasicLSTMCell(UNITS) for _ in range(places)])
    ours.set_weights(named.get_weights())
    expected, found = named(batch), ours(batch)
    for output in expected:
        np.testing.assert_allclose(found[output], expected[output], atol=1e-6)


@every_builder
def test_stacks_of_cells_are_saved_and_loaded(name, tmp_path):
    _, batch, places = CASES[name]
    model = build(name, [a_stack() for _ in range(places)])
    before = model(batch)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert len(loaded.weights) == len(model.weights)
    after = loaded(batch)
    copied = keras.models.clone_model(model)
    assert not {id(w) for w in copied.weights} & {id(w) for w in model.weights}
    for output in before:
        np.testing.assert_array_equal(after[output], before[output])
    # Every cell's weights are the model's, and gradients reach them.
    with tf.GradientTape() as tape:
        loss = sum(
            tf.reduce_sum(value**2) for value in model(batch).values() if value.dtype.is_floating
        )
    kernels = [w for w in model.trainable_weights if "basic_lstm_cell" in w.path]
    assert len(kernels) == 4 * places
    assert all(gradient is not None for gradient in tape.gradient(loss, kernels))


@every_builder
def test_one_object_is_in_one_place(name):
    _, _, places = CASES[name]
    one = cells.BasicLSTMCell(UNITS)
    if places > 1:
        for wrong in (one, [one] * places, [cells.BasicLSTMCell(UNITS) for _ in range(places + 1)]):
            with pytest.raises(InputError, match="make a new cell for each place") as caught:
                build(name, wrong)
            assert re.search(rf"\b{places}\b", str(caught.value))
            assert "\n" not in str(caught.value)
    else:
        model = build(name, one)
        with pytest.raises(InputError, match=r"another layer.* make a new BasicLSTMCell"):
            build(name, one)
        with pytest.raises(InputError, match="already in another layer"):
            build(name, cells.DropoutWrapper(one, 0.5))
        del model


@every_builder
def test_units_are_those_of_the_cell(name):
    _, _, places = CASES[name]
    with pytest.raises(InputError, match="units=5 with a ready BasicLSTMCell of 4 units"):
        build(name, [cells.BasicLSTMCell(UNITS) for _ in range(places)], units=5)


@pytest.mark.parametrize("wrong", [5, cells.BasicLSTMCell, keras.layers.LSTM(4), ["lstn"], []])
def test_what_is_no_cell(wrong):
    with pytest.raises(InputError):
        build("n_to_n", wrong)


def test_a_column_cell_takes_two_objects(tmp_path):
    _, batch, _ = CASES["captioning"]
    model = build("captioning", a_stack(), column_cell=[a_stack(), a_stack()])
    expected = model(batch)["logits"]
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        keras.models.load_model(tmp_path / "model.keras")(batch)["logits"], expected
    )


def test_weights_of_a_cell_that_has_some_are_kept():
    cell = cells.BasicLSTMCell(UNITS)
    cell.build((None, 64))
    model = build("n_to_n", cell)
    assert any(weight is cell.kernel for weight in model.trainable_weights)


@pytest.mark.parametrize(
    "make",
    [
        lambda: keras.layers.LSTMCell(UNITS),
        lambda: keras.layers.GRUCell(UNITS),
        lambda: keras.layers.StackedRNNCells([keras.layers.GRUCell(3), keras.layers.GRUCell(4)]),
        lambda: cells.ZoneoutWrapper(a_stack(), 0.1),
        lambda: cells.LSTMCell(6, num_proj=UNITS),
        lambda: cells.GRUCell(UNITS),
    ],
)
def test_a_step_is_the_sequence_taken_one_at_a_time(make):
    stack = RecurrentStack(make(), name="stack")
    sequences = tf.constant(FEATURES)
    outputs, last = stack(sequences)
    state = stack.get_initial_state(ROWS)
    for step in range(3):
        output, state = stack.step(sequences[:, step], state)
        np.testing.assert_allclose(output, outputs[:, step], atol=1e-6)
    tf.nest.map_structure(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), state, last)
    np.testing.assert_allclose(stack.output_in(state), output, atol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: cells.OutputProjectionWrapper(cells.GRUCell(3), UNITS),
        lambda: cells.ResidualWrapper(cells.GRUCell(UNITS)),
        lambda: cells.MultiRNNCell([cells.GRUCell(3), cells.HighwayWrapper(cells.GRUCell(3))]),
    ],
)
def test_a_query_needs_an_output_that_is_in_the_state(make):
    cell = make()
    with pytest.raises(InputError, match="no part of its state"):
        cells.output_in(cell, cell.state_size)


def test_a_decoder_asks_for_it():
    encoder = [cells.GRUCell(UNITS), cells.GRUCell(UNITS)]
    projected = cells.OutputProjectionWrapper(cells.GRUCell(3), UNITS)
    with pytest.raises(InputError, match="no part of its state"):
        build("attention_n_to_m", [*encoder, projected])


def test_layers_of_different_widths():
    stack = RecurrentStack([cells.GRUCell(5), cells.GRUCell(3)], num_layers=2)
    outputs, (lower, upper) = stack(FEATURES)
    assert outputs.shape == (ROWS, 3, 3)
    assert (lower.shape[-1], upper.shape[-1]) == (5, 3)
    assert stack.output_size == 3


def test_share_out_keeps_the_order():
    made = [cells.GRUCell(3) for _ in range(3)]
    assert share_out(made, first=1, others=2) == {"first": made[:1], "others": made[1:]}
    assert share_out("gru", first=1, others=2) == {"first": "gru", "others": "gru"}
