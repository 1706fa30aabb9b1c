import collections

import numpy as np
import pytest
import tensorflow as tf

from zoo.decoding import greedy_search, sample
from zoo.errors import InputError


def search(network, rows=slice(None), **settings):
    settings = {"start_id": 0, "stop_id": 3, "max_length": 3, "seed": [1, 2], **settings}
    return sample(network.step, network.state(rows), network.tf_memory(rows), **settings)


def test_it_spells(tiny):
    speller = tiny.Speller(["gru", "recurrent", ""])
    decoded = sample(
        speller, speller.state, speller.memory, start_id=0, stop_id=tiny.STOP, max_length=10,
        seed=[1, 2], temperature=0.3,
    )  # fmt: skip
    words = [tiny.spell(t, n) for t, n in zip(decoded.tokens, decoded.lengths, strict=True)]
    assert words == ["gru", "recurrent", ""]


def test_whole_sequences_come_as_often_as_their_probability(tiny):
    network, rows = tiny.Network(51, num_tokens=4, sharpness=0.7), 20_000
    hypotheses = network.every_hypothesis(0, 0, 3, 3)
    state, memory = tf.nest.map_structure(
        lambda leaf: tf.repeat(leaf, rows, axis=0), (network.state(), network.tf_memory())
    )
    decoded = sample(
        network.step, state, memory, start_id=0, stop_id=3, max_length=3, seed=[9, 9]
    )  # fmt: skip
    counts = collections.Counter(
        tuple(tokens[:length])
        for tokens, length in zip(decoded.tokens.numpy(), decoded.lengths.numpy(), strict=True)
    )
    for _, tokens, total, _, _ in hypotheses:
        probability = np.exp(total)
        allowed = 5 * np.sqrt(probability * (1 - probability) / rows)
        assert abs(counts.pop(tuple(tokens), 0) / rows - probability) <= allowed
    assert not counts
    total_of = {tuple(tokens): total for _, tokens, total, _, _ in hypotheses}
    for row in range(20):
        tokens = tuple(decoded.tokens[row, : decoded.lengths[row]].numpy())
        np.testing.assert_allclose(decoded.scores[row], total_of[tokens], rtol=1e-4)


def test_no_temperature_is_greedy(tiny):
    network = tiny.Network(52, num_tokens=7, batch=5)
    arguments = network.step, network.state(), network.tf_memory()
    settings = {"start_id": 0, "stop_id": 6, "max_length": 9}
    sampled = sample(*arguments, **settings, seed=[1, 2], temperature=tf.constant(0.0))
    greedy = greedy_search(*arguments, **settings)
    np.testing.assert_array_equal(sampled.tokens, greedy.tokens)
    np.testing.assert_allclose(sampled.scores, greedy.scores, rtol=1e-5)


def test_reproducible_in_a_graph_and_different_by_seed(tiny):
    network = tiny.Network(53, num_tokens=9, batch=4, sharpness=0.3)
    settings = {"max_length": 12, "top_k": 7, "top_p": 0.95}

    @tf.function
    def graph(seed, temperature):
        return search(network, seed=seed, temperature=temperature, **settings)

    first = search(network, seed=[1, 2], temperature=0.8, **settings)
    again = graph(tf.constant([1, 2]), tf.constant(0.8))
    np.testing.assert_array_equal(first.tokens, again.tokens)
    np.testing.assert_allclose(first.scores, again.scores, rtol=1e-5)
    other = graph(tf.constant([1, 3]), tf.constant(0.8))
    assert np.any(first.tokens != other.tokens)


def test_with_a_seed_a_row_one_row_alone_is_the_row_in_a_batch(tiny):
    network = tiny.Network(54, num_tokens=9, batch=3, sharpness=0.3)
    seeds = tf.constant([[1, 2], [3, 4], [5, 6]])
    together = search(network, seed=seeds, max_length=10)
    for row in range(3):
        rows = slice(row, row + 1)
        alone = search(network, rows, seed=seeds[rows], max_length=10)
        np.testing.assert_array_equal(alone.tokens[0], together.tokens[row])


def test_forbidden_ids_and_minimum_length(tiny):
    network = tiny.Network(55, num_tokens=5, batch=200, sharpness=0.3)
    decoded = search(network, max_length=6, min_length=2, forbidden_ids=[1])
    real = tf.sequence_mask(decoded.lengths, 6)
    assert int(tf.reduce_min(decoded.lengths)) == 2
    assert set(tf.boolean_mask(decoded.tokens, real).numpy().tolist()) == {0, 2, 4}


def test_compiled(tiny):
    network = tiny.Network(56, num_tokens=6, batch=4)
    compiled = tf.function(lambda: search(network, max_length=8, top_p=0.9), jit_compile=True)
    first, again = compiled(), compiled()
    np.testing.assert_array_equal(first.tokens, again.tokens)


def test_bad_settings_are_refused(tiny):
    with pytest.raises(InputError, match=r"temperature is -0\.1"):
        search(tiny.Network(0, num_tokens=4), temperature=-0.1)
