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
