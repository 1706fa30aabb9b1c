import numpy as np
import pytest
import tensorflow as tf

import zoo.decoding
from zoo.errors import InputError

SETTINGS = {"greedy": {}, "sample": {"seed": [1, 2], "top_k": 1}, "beam": {"beam_width": 2}}


def test_all_have_names():
    assert zoo.decoding.strategies.names() == sorted(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_strategy_spells(tiny, name):
    speller = tiny.Speller(["gru", "lstm"])
    decode = zoo.decoding.get(name, stop_id=tiny.STOP, **SETTINGS[name])
    decoded = decode(speller, speller.state, speller.memory, start_id=0, max_length=9)
    tokens, lengths = decoded.tokens, decoded.lengths
    if name == "beam":
        tokens, lengths = tokens[:, 0], lengths[:, 0]
    assert [tiny.spell(t, n) for t, n in zip(tokens, lengths, strict=True)] == ["gru", "lstm"]


@pytest.mark.parametrize("name", SETTINGS)
def test_every_strategy_takes_a_step_without_state_or_memory(name):
    def count_up(tokens, state, memory):
        return 60.0 * tf.one_hot(tokens + 1, 6), state

    decode = zoo.decoding.get(name, **SETTINGS[name])
    decoded = decode(count_up, (), None, start_id=tf.constant([0, 2]), stop_id=5, max_length=9)
    lengths = decoded.lengths[:, 0] if name == "beam" else decoded.lengths
    np.testing.assert_array_equal(lengths, [4, 2])


def test_unknown_names_and_settings_are_refused():
    with pytest.raises(InputError, match="unknown decoding strategy 'bean'; did you mean 'beam'"):
        zoo.decoding.get("bean")
    with pytest.raises(InputError, match="'beam_with'; did you mean 'beam_width'"):
        zoo.decoding.get("beam", beam_with=3)


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"max_length": 0}, "max_length is 0; it must be at least 1"),
        ({"min_length": -1}, "min_length is -1; it must be 0 or more"),
        ({"min_length": 10}, "min_length is 10; it must be at most max_length, 9"),
        ({"forbidden_ids": [-1]}, "forbidden_ids holds a negative id"),
        ({"stop_id": 99}, "token id 99 is not in the vocabulary of 28"),
    ],
)
def test_every_strategy_refuses_what_all_have_in_common(tiny, name, bad, message):
    speller = tiny.Speller(["gru"])
    settings = {"start_id": 0, "stop_id": tiny.STOP, "max_length": 9, **SETTINGS[name], **bad}
    with pytest.raises(InputError, match=message):
        zoo.decoding.get(name)(speller, speller.state, speller.memory, **settings)


@pytest.mark.parametrize(
    ("name", "bad", "message"),
    [
        ("beam", {"beam_width": 0}, "beam_width is 0; it must be an integer of at least 1"),
        ("beam", {"num_results": 3}, "num_results is 3; it must lie from 1 to beam_width, 2"),
        ("sample", {"temperature": -1.0}, "temperature is -1.0; it must be 0 or more"),
        ("sample", {"top_k": -1}, "top_k is -1; it must be an integer, 0 or more"),
        ("sample", {"top_p": 0.0}, "top_p is 0.0; it must lie above 0 and be at most 1"),
    ],
)
def test_a_graph_is_not_made_of_what_a_strategy_refuses(tiny, name, bad, message):
    speller = tiny.Speller(["gru"])
    decode = zoo.decoding.get(name, **{**SETTINGS[name], **bad}, stop_id=tiny.STOP, max_length=4)

    @tf.function(autograph=False)
    def graph():
        return decode(speller, speller.state, speller.memory, start_id=0)

    with pytest.raises(InputError, match=message):
        graph.get_concrete_function()
