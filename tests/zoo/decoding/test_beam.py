import numpy as np
import pytest

from zoo.decoding import beam_search, greedy_search

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
