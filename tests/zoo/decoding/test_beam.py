import numpy as np
import pytest
import tensorflow as tf

from zoo.decoding import beam_search, greedy_search
from zoo.errors import InputError

STOP_ID = 3


def search(network, rows=slice(None), step=None, **settings):
    settings = {"start_id": 0, "stop_id": STOP_ID, "max_length": 3, "beam_width": 40, **settings}
    return beam_search(
        step or network.step, network.state(rows), network.tf_memory(rows), **settings
    )


def alignment(state):
    return state["alignment"]


def test_it_spells(tiny):
    words = ["gru", "recurrent", "a", ""]
    speller = tiny.Speller(words)
    decoded = beam_search(
        speller, speller.state, speller.memory,
        beam_width=3, start_id=0, stop_id=tiny.STOP, max_length=12,
    )  # fmt: skip
    assert [tiny.spell(decoded.tokens[i, 0], decoded.lengths[i, 0]) for i in range(4)] == words
    # One letter of the best is replaced in the next: by the first letters there are.
    assert tiny.spell(decoded.tokens[2, 1], decoded.lengths[2, 1]) == "a "


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "penalties",
    [
        {},
        {"length_penalty": 1.0},
        {"length_penalty": -0.7},
        {"length_penalty": 0.6, "coverage_penalty": 0.4},
        {"min_length": 2},
    ],
    ids=str,
)
def test_a_wide_beam_finds_what_an_exhaustive_search_finds(tiny, seed, penalties):
    network = tiny.Network(seed, num_tokens=4, batch=2)
    decoded = search(network, record=alignment, **penalties)
    for row in range(2):
        expected = network.every_hypothesis(row, 0, STOP_ID, 3, **penalties)
        assert len(expected) in (36, 40)
        tiny.assert_list_equals(decoded, row, expected)


@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_one_beam_is_greedy(tiny, seed, length_penalty):
    network = tiny.Network(seed, num_tokens=8, batch=6, sharpness=0.7)
    settings = {"start_id": 1, "stop_id": STOP_ID, "max_length": 7, "record": alignment}
    arguments = network.step, network.state(), network.tf_memory()
    greedy = greedy_search(*arguments, **settings)
    beam = beam_search(*arguments, **settings, beam_width=1, length_penalty=length_penalty)
    assert 0 < greedy.finished.numpy().sum() < 6, "the case should have both kinds of ends"
    np.testing.assert_array_equal(beam.tokens[:, 0], greedy.tokens)
    np.testing.assert_array_equal(beam.lengths[:, 0], greedy.lengths)
    np.testing.assert_array_equal(beam.finished[:, 0], greedy.finished)
    np.testing.assert_allclose(
        beam.log_probabilities[:, 0], greedy.log_probabilities, rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(beam.record[:, 0], greedy.record, atol=1e-6)


def test_one_row_alone_is_the_row_in_a_batch(tiny):
    network = tiny.Network(7, num_tokens=6, batch=5)
    settings = {"max_length": 6, "beam_width": 4, "length_penalty": 0.8, "record": alignment}
    together = search(network, **settings)
    for row in range(5):
        alone = search(network, slice(row, row + 1), **settings)
        for one, many in zip(alone, together, strict=True):
            np.testing.assert_allclose(one[0], many[row], rtol=1e-5, atol=1e-6)


def reference_beam(network, row, beam_width, max_length, alpha=0.0, stop_id=STOP_ID):
    """Beam search in plain Python over whole hypotheses, without an early stop."""
    open_ones, ended = [(0.0, [], network.initial[row], 0)], []
    for length in range(1, max_length + 1):
        extensions = []
        for total, tokens, hidden, fed in open_ones:
            log_probabilities, hidden, _ = network.numpy_step(fed, hidden, row)
            extensions += [
                (total + log_probabilities[token], [*tokens, token], hidden, token)
                for token in range(network.num_tokens)
            ]
        kept = sorted(extensions, key=lambda extension: -extension[0])[:beam_width]
        ends = [one for one in kept if one[3] == stop_id or length == max_length]
        open_ones = [one for one in kept if one[3] != stop_id]
        divisor = ((5 + length) / 6) ** alpha
        ended += [
            (one[0] / divisor, [t for t in one[1] if t != stop_id], one[3] == stop_id)
            for one in ends
        ]
    return sorted(ended, key=lambda end: -end[0])[:beam_width]


@pytest.mark.parametrize("alpha", [0.0, 0.9, -0.4])
@pytest.mark.parametrize("beam_width", [2, 3, 5])
def test_a_narrow_beam_is_the_plain_algorithm(tiny, beam_width, alpha):
    network = tiny.Network(11 * beam_width, num_tokens=7, batch=6, sharpness=0.8)
    decoded = search(
        network, beam_width=beam_width, max_length=8, length_penalty=tf.constant(alpha)
    )
    for row in range(6):
        expected = reference_beam(network, row, beam_width, 8, alpha)
        for place, (score, tokens, finished) in enumerate(expected):
            length = decoded.lengths[row, place]
            assert decoded.tokens[row, place, :length].numpy().tolist() == tokens
            assert bool(decoded.finished[row, place]) == finished
            np.testing.assert_allclose(decoded.scores[row, place], score, rtol=1e-4)


@pytest.mark.parametrize(
    "penalties",
    [
        {},
        {"length_penalty": 0.6},
        {"length_penalty": -0.5},
        {"length_penalty": 0.5, "coverage_penalty": 0.3},
        {"num_results": 1},
    ],
    ids=str,
)
def test_stopping_early_changes_nothing(tiny, penalties):
    network, calls = tiny.Network(23, num_tokens=6, batch=4, sharpness=0.5), []

    def counting(tokens, state, memory):
        calls.append(1)
        return network.step(tokens, state, memory)

    settings = {"beam_width": 3, "max_length": tf.constant([30, 30, 5, 30]), **penalties}
    settings["record"] = alignment
    early = search(network, step=counting, **settings)
    early_steps = len(calls)
    late = search(network, step=counting, early_stop=False, **settings)
    assert early_steps < 30 and len(calls) - early_steps == 30
    tf.nest.map_structure(np.testing.assert_array_equal, early, late)


def test_a_very_large_maximum_costs_nothing(tiny):
    speller = tiny.Speller(["gru", "lstm"])
    decode = tf.function(
        lambda longest: beam_search(
            speller, speller.state, speller.memory, beam_width=2, start_id=0, stop_id=tiny.STOP,
            max_length=longest, record=lambda state: state[0],
        )
    )  # fmt: skip
    huge, small = decode(tf.constant(2**31 - 3)), decode(tf.constant(50))
    tf.nest.map_structure(np.testing.assert_array_equal, huge, small)


@pytest.mark.parametrize("max_length", [4, tf.constant(4)], ids=["static", "tensor"])
def test_the_length_penalty_by_hand(max_length):
    # P() = 0.4 and P(a) = 0.6 * 0.6 = 0.36; |Y| is 1 and 2 with the stop, so with alpha = 1 the
    # scores are log 0.4 and log 0.36 / (7/6) = -0.876, and the longer one wins.
    table = tf.math.log(tf.constant([[1e-9, 0.6, 0.4], [0.4, 1e-9, 0.6], [1 / 3] * 3]))

    def step(tokens, state, memory):
        return tf.gather(table, tokens), state

    def best(alpha):
        decoded = beam_search(
            step, (), None, beam_width=3, start_id=[0], stop_id=2, max_length=max_length,
            length_penalty=alpha,
        )  # fmt: skip
        return decoded.tokens[0, 0, : decoded.lengths[0, 0]].numpy().tolist(), decoded.scores[0, 0]

    tokens, score = best(0.0)
    assert tokens == []
    np.testing.assert_allclose(score, np.log(0.4), rtol=1e-4)
    tokens, score = best(1.0)
    assert tokens == [1]
    np.testing.assert_allclose(score, np.log(0.36) / (7 / 6), rtol=1e-4)


def test_lists_are_sorted_and_distinct(tiny):
    network = tiny.Network(31, num_tokens=5, batch=8, sharpness=0.5)
    decoded = search(network, beam_width=6, max_length=7, length_penalty=0.7)
    assert np.all(np.diff(decoded.scores, axis=1) <= 0)
    for row in range(8):
        whole = {
            (tuple(tokens[:length]), bool(finished))
            for tokens, length, finished in zip(
                decoded.tokens[row].numpy(), decoded.lengths[row].numpy(),
                decoded.finished[row].numpy(), strict=True,
            )
        }  # fmt: skip
        assert len(whole) == 6


def test_what_does_not_exist_has_length_0_and_score_minus_infinity(tiny):
    network = tiny.Network(32, num_tokens=4)
    decoded = search(network, beam_width=20, max_length=2, record=alignment)
    expected = network.every_hypothesis(0, 0, STOP_ID, 2)
    assert len(expected) == 13
    tiny.assert_list_equals(decoded, 0, expected)
    assert np.all(decoded.log_probabilities[0, 13:].numpy() == -np.inf)


def test_a_finished_hypothesis_never_changes(tiny):
    network = tiny.Network(33, num_tokens=4)
    shorter = search(network, beam_width=400, max_length=3, length_penalty=0.5, record=alignment)
    longer = search(network, beam_width=400, max_length=5, length_penalty=0.5, record=alignment)
    assert int(tf.math.count_nonzero(shorter.finished)) == 13

    def finished(decoded):
        return {
            tuple(decoded.tokens[0, place, :length].numpy()): (
                float(decoded.scores[0, place]),
                decoded.record[0, place, :length].numpy().tolist(),
            )
            for place, length in enumerate(decoded.lengths[0].numpy())
            if decoded.finished[0, place]
        }

    before, after = finished(shorter), finished(longer)
    for tokens, (score, record) in before.items():
        np.testing.assert_allclose(score, after[tokens][0], rtol=1e-6)
        np.testing.assert_allclose(record, after[tokens][1], rtol=1e-6)


def test_each_row_has_its_own_maximum_and_length_penalty(tiny):
    network = tiny.Network(34, num_tokens=4, batch=4)
    lengths, alphas = [3, 0, 1, 2], [0.0, 0.3, 1.0, -1.0]
    decoded = search(network, max_length=tf.constant(lengths), length_penalty=tf.constant(alphas))
    for row, (length, alpha) in enumerate(zip(lengths, alphas, strict=True)):
        expected = network.every_hypothesis(row, 0, STOP_ID, length, alpha)
        tiny.assert_list_equals(decoded, row, expected)
    assert decoded.lengths[1].numpy().tolist() == [0] * 40
    assert decoded.scores[1, 0] == 0 and np.all(decoded.scores[1, 1:].numpy() == -np.inf)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_no_ngram_comes_twice(tiny, size):
    network = tiny.Network(35, num_tokens=4, batch=2)

    def allowed(tokens):
        ngrams = [tokens[i : i + size] for i in range(len(tokens) - size + 1)]
        return len(ngrams) == len(set(ngrams))

    decoded = search(network, beam_width=200, max_length=4, no_repeat_ngram=size)
    for row in range(2):
        expected = network.every_hypothesis(row, 0, STOP_ID, 4, allowed=allowed)
        assert len(expected) < 121
        tiny.assert_list_equals(decoded, row, expected)


def test_forbidden_ids_and_minimum_length(tiny):
    network = tiny.Network(36, num_tokens=5, batch=2)
    decoded = search(network, forbidden_ids=(0, 4), min_length=tf.constant(2))
    for row in range(2):
        expected = network.every_hypothesis(row, 0, STOP_ID, 3, min_length=2, forbidden=(0, 4))
        assert len(expected) == 4 + 8
        tiny.assert_list_equals(decoded, row, expected)


def test_fewer_results_are_the_first_of_more(tiny):
    network = tiny.Network(37, num_tokens=5, batch=3)
    settings = {"beam_width": 5, "max_length": 6, "length_penalty": 0.5, "record": alignment}
    more, fewer = search(network, **settings), search(network, num_results=2, **settings)
    tf.nest.map_structure(lambda a, b: np.testing.assert_array_equal(a[:, :2], b), more, fewer)


def test_padded_source_positions_need_no_cover(tiny):
    network = tiny.Network(38, num_tokens=4)
    settings = {"coverage_penalty": 0.5, "record": alignment, "max_length": 3}

    def padded(tokens, state, memory):
        logits, state = network.step(tokens, {**state, "alignment": state["alignment"]}, memory)
        return logits, {**state, "alignment": tf.pad(state["alignment"], [[0, 0], [0, 2]])}

    plain = search(network, **settings)
    state = {**network.state(), "alignment": tf.zeros([1, 6])}
    masked = beam_search(
        padded, state, network.tf_memory(), beam_width=40, start_id=0, stop_id=STOP_ID,
        coverage_mask=[[True] * 4 + [False] * 2], **settings,
    )  # fmt: skip
    np.testing.assert_allclose(masked.scores, plain.scores, rtol=1e-5)
    np.testing.assert_array_equal(masked.tokens, plain.tokens)


def test_the_memory_is_repeated_once_and_never_reordered(tiny):
    seen = []

    def step(tokens, state, memory):
        seen.append(memory["words"])
        return speller(tokens, state, memory)

    speller = tiny.Speller(["gru", "lstm"])
    beam_search(
        step, speller.state, speller.memory, beam_width=3, start_id=0, stop_id=tiny.STOP,
        max_length=6,
    )  # fmt: skip
    np.testing.assert_array_equal(seen[0], np.repeat(speller.memory["words"], 3, axis=0))
    assert len({id(memory) for memory in seen}) == 1


@pytest.mark.parametrize("jit_compile", [False, True])
def test_graph_and_compiled_agree_with_eager(tiny, jit_compile):
    network = tiny.Network(39, num_tokens=6, batch=3)
    settings = {
        "beam_width": 3, "start_id": 0, "stop_id": STOP_ID, "max_length": 6, "min_length": 1,
        "length_penalty": 0.6, "coverage_penalty": 0.2, "no_repeat_ngram": 2,
        "record": lambda state: {"alignment": state["alignment"], "h": state["h"]},
    }  # fmt: skip

    def search(state, memory):
        return beam_search(network.step, state, memory, **settings)

    eager = search(network.state(), network.tf_memory())
    graph = tf.function(search, jit_compile=jit_compile)(network.state(), network.tf_memory())
    tf.nest.map_structure(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), eager, graph
    )


def test_any_batch_in_one_graph(tiny):
    network = tiny.Network(40, num_tokens=6, batch=5)

    @tf.function(
        input_signature=[
            {"h": tf.TensorSpec([None, 5]), "alignment": tf.TensorSpec([None, None])},
            (tf.TensorSpec([None, 5]),),
            tf.TensorSpec([], tf.int32),
        ]
    )
    def search(state, memory, max_length):
        return beam_search(
            network.step, state, memory, beam_width=2, start_id=0, stop_id=STOP_ID,
            max_length=max_length, record=alignment,
        )  # fmt: skip

    for rows in (5, 1, 0):
        decoded = search(network.state(slice(rows)), network.tf_memory(slice(rows)), 6)
        eager = beam_search(
            network.step, network.state(slice(rows)), network.tf_memory(slice(rows)),
            beam_width=2, start_id=0, stop_id=STOP_ID, max_length=tf.constant(6), record=alignment,
        )  # fmt: skip
        assert decoded.tokens.shape[0] == rows
        tf.nest.map_structure(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), decoded, eager
        )


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
def test_half_precision_states_and_logits(tiny, dtype):
    speller = tiny.Speller(["gru", "lstm"])

    def half(tokens, state, memory):
        logits, (position,) = speller(tokens, (state["position"],), memory)
        return tf.cast(logits, dtype), {"position": position, "h": state["h"] * 2}

    state = {"position": speller.state[0], "h": tf.ones([2, 3], dtype)}
    decoded = beam_search(
        half, state, speller.memory, beam_width=2, start_id=0, stop_id=tiny.STOP, max_length=6,
        record=lambda state: state["h"],
    )  # fmt: skip
    assert tiny.spell(decoded.tokens[1, 0], decoded.lengths[1, 0]) == "lstm"
    assert decoded.scores.dtype == tf.float32 and decoded.record.dtype == dtype
    assert decoded.record[0, 0, :, 0].numpy().tolist() == [2, 4, 8, 0, 0, 0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"beam_width": 0}, "beam_width is 0"),
        ({"beam_width": 2.0}, "beam_width is 2.0"),
        ({"num_results": 0}, "num_results is 0"),
        ({"beam_width": 2, "num_results": 3}, "from 1 to beam_width, 2"),
        ({"no_repeat_ngram": -1}, "no_repeat_ngram is -1"),
        ({"coverage_penalty": 0.2}, "needs a record"),
        ({"coverage_penalty": -0.2, "record": alignment}, "0 or more"),
        ({"coverage_penalty": 0.2, "record": lambda state: state}, None),
        ({"coverage_penalty": 0.2, "record": lambda state: {"h": state["h"]}}, "attention weights"),
        ({"max_length": -3}, "max_length is -3"),
        ({"stop_id": 4}, "token id 4 is not in the vocabulary of 4"),
    ],
)
def test_bad_settings_are_refused(tiny, settings, message):
    network = tiny.Network(0, num_tokens=4)
    if message is None:
        search(network, **settings)
        return
    with pytest.raises(InputError, match=message):
        search(network, **settings)
