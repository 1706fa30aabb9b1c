import numpy as np
import pytest
import tensorflow as tf

from zoo.decoding import greedy_search
from zoo.errors import InputError

WORDS = ["gru", "recurrent", "a", ""]


def search(speller, stop_id, **settings):
    settings = {"start_id": 0, "stop_id": stop_id, "max_length": 12, **settings}
    return greedy_search(speller, speller.state, speller.memory, **settings)


def spelled(tiny, decoded):
    return [tiny.spell(t, n) for t, n in zip(decoded.tokens, decoded.lengths, strict=True)]


def test_it_spells(tiny):
    decoded = search(tiny.Speller(WORDS), tiny.STOP)
    assert spelled(tiny, decoded) == WORDS
    assert decoded.lengths.numpy().tolist() == [3, 9, 1, 0]
    assert decoded.finished.numpy().all()
    assert decoded.record is None
    # Each letter and the stop have the logit 9 among 28, the others 0.
    each = 9 - np.log(np.exp(9) + 27)
    np.testing.assert_allclose(decoded.scores, each * np.array([4, 10, 2, 1]), rtol=1e-4)
    np.testing.assert_array_equal(decoded.scores, decoded.log_probabilities)


def test_width_is_static_with_an_integer_and_the_longest_length_with_a_tensor(tiny):
    speller = tiny.Speller(WORDS)
    assert search(speller, tiny.STOP).tokens.shape == [4, 12]
    assert search(speller, tiny.STOP, max_length=tf.constant(12)).tokens.shape == [4, 9]


def test_each_row_has_its_own_maximum(tiny):
    decoded = search(tiny.Speller(WORDS), tiny.STOP, max_length=tf.constant([2, 9, 0, 1]))
    assert spelled(tiny, decoded) == ["gr", "recurrent", "", ""]
    assert decoded.finished.numpy().tolist() == [False, False, False, True]


def test_nothing_but_padding_after_the_end(tiny):
    decoded = search(tiny.Speller(["gru", "recurrent"]), tiny.STOP, pad_id=-7)
    assert np.all(decoded.tokens[0, 3:].numpy() == -7)
    assert np.all(decoded.tokens[1, 9:].numpy() == -7)


def test_stop_waits_for_the_minimum_length(tiny):
    decoded = search(tiny.Speller(["gru", "a"]), tiny.STOP, min_length=tf.constant(3))
    assert decoded.lengths.numpy().tolist() == [3, 3]
    assert spelled(tiny, decoded)[0] == "gru"


def test_forbidden_ids_never_come(tiny):
    r = tiny.LETTERS.index("r")
    decoded = search(tiny.Speller(["gru"]), tiny.STOP, forbidden_ids=[r, 0])
    assert spelled(tiny, decoded) == ["gau"]  # "a" is the first of those that are left


def test_without_a_stop_only_the_maximum_ends(tiny):
    decoded = search(tiny.Speller(["gru"]), None, max_length=3)
    assert spelled(tiny, decoded) == ["gru"] and not decoded.finished.numpy().any()


def test_loop_ends_when_all_rows_have(tiny):
    speller, calls = tiny.Speller(["gru", "a"]), []

    def counting(tokens, state, memory):
        calls.append(1)
        return speller(tokens, state, memory)

    greedy_search(
        counting, speller.state, speller.memory, start_id=0, stop_id=tiny.STOP, max_length=100
    )
    assert len(calls) == 4


def test_follows_the_history_and_records(tiny):
    network = tiny.Network(3, num_tokens=6, batch=4)
    decoded = greedy_search(
        network.step, network.state(), network.tf_memory(), start_id=0, stop_id=5,
        max_length=8, record=lambda state: state["alignment"],
    )  # fmt: skip
    for row in range(4):
        hidden, token, tokens, total, alignments = network.initial[row], 0, [], 0.0, []
        while len(tokens) < 8 and token != 5:
            scores, hidden, alignment = network.numpy_step(token, hidden, row)
            token = int(scores.argmax())
            total += scores[token]
            tokens.append(token)
            alignments.append(alignment)
        if token == 5:
            tokens, alignments = tokens[:-1], alignments[:-1]
        length = len(tokens)
        assert decoded.tokens[row, :length].numpy().tolist() == tokens
        assert int(decoded.lengths[row]) == length
        assert bool(decoded.finished[row]) == (token == 5)
        np.testing.assert_allclose(decoded.scores[row], total, rtol=1e-5)
        np.testing.assert_allclose(
            decoded.record[row, :length], np.reshape(alignments, [length, 4]), atol=1e-5
        )
        assert np.all(decoded.record[row, length:].numpy() == 0)


def test_one_row_alone_is_the_row_in_a_batch(tiny):
    network = tiny.Network(4, num_tokens=7, batch=5)
    settings = {"start_id": 1, "stop_id": 6, "max_length": 9}
    together = greedy_search(network.step, network.state(), network.tf_memory(), **settings)
    for row in range(5):
        rows = slice(row, row + 1)
        alone = greedy_search(
            network.step, network.state(rows), network.tf_memory(rows), **settings
        )
        np.testing.assert_array_equal(alone.tokens[0], together.tokens[row])
        np.testing.assert_allclose(alone.scores[0], together.scores[row], rtol=1e-5)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_graph_and_compiled_agree_with_eager(tiny, jit_compile):
    network = tiny.Network(5, num_tokens=6, batch=3)
    settings = {"start_id": 0, "stop_id": 5, "max_length": 7, "min_length": 1}

    def search(state, memory):
        return greedy_search(
            network.step, state, memory, **settings, record=lambda state: state["alignment"]
        )

    eager = search(network.state(), network.tf_memory())
    graph = tf.function(search, jit_compile=jit_compile)(network.state(), network.tf_memory())
    tf.nest.map_structure(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4), eager, graph)


def test_half_precision_logits_are_summed_in_full(tiny):
    speller = tiny.Speller(["gru"])

    def half(tokens, state, memory):
        logits, state = speller(tokens, state, memory)
        return tf.cast(logits, tf.bfloat16), state

    decoded = greedy_search(
        half, speller.state, speller.memory, start_id=0, stop_id=tiny.STOP, max_length=12
    )
    assert spelled(tiny, decoded) == ["gru"]
    assert decoded.scores.dtype == tf.float32


def test_no_rows(tiny):
    network = tiny.Network(0, num_tokens=4, batch=2)
    none = slice(0, 0)
    decoded = tf.function(greedy_search)(
        network.step, network.state(none), network.tf_memory(none), start_id=0, stop_id=3,
        max_length=5,
    )  # fmt: skip
    assert decoded.tokens.shape == [0, 5]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_length": 0}, "max_length is 0"),
        ({"max_length": 2.5}, "max_length is 2.5"),
        ({"max_length": tf.constant([1.0])}, "max_length is float32"),
        ({"min_length": -1}, "min_length is -1"),
        ({"stop_id": 99}, "token id 99 is not in the vocabulary of 28"),
        ({"forbidden_ids": [28]}, "token id 28 is not in the vocabulary of 28"),
        ({"forbidden_ids": [-2]}, "negative"),
        ({"start_id": [[0]]}, "start_id has shape"),
    ],
)
def test_bad_settings_are_refused(tiny, settings, message):
    with pytest.raises(InputError, match=message):
        search(tiny.Speller(["gru"]), **{"stop_id": tiny.STOP, **settings})


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (lambda t, s, m: (tf.zeros([2, 1, 3]), s), r"float32 \(2, 1, 3\)"),
        (lambda t, s, m: (tf.zeros([2, 3]), (s,)), "another structure"),
        (
            lambda t, s, m: (tf.zeros([2, 3]), tf.cast(s, tf.float16)),
            r"float16\(2, 4\) in the state",
        ),
        (lambda t, s, m: (tf.zeros([2, 3]), tf.zeros([2, 9])), r"\(2, 9\)"),
    ],
)
def test_a_step_that_breaks_its_contract_is_refused(step, message):
    with pytest.raises(InputError, match=message):
        greedy_search(step, tf.zeros([2, 4]), None, start_id=0, stop_id=1, max_length=3)


def test_a_state_of_none_is_refused():
    with pytest.raises(InputError, match="the state holds None"):
        greedy_search(
            lambda t, s, m: (tf.zeros([2, 3]), s), None, None, start_id=[0, 0], stop_id=1,
            max_length=3,
        )  # fmt: skip


def test_rows_must_be_countable():
    with pytest.raises(InputError, match="number of rows is unknown"):
        greedy_search(
            lambda t, s, m: (tf.zeros([2, 3]), s), (), None, start_id=0, stop_id=1, max_length=3
        )
