"""What the parts of a tagger do, against loops and brute force."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import InputError
from zoo.topologies.characters import CharacterFeatures
from zoo.topologies.crf import chain_scores
from zoo.topologies.crf_marginals import marginals
from zoo.topologies.states_around import StatesAround
from zoo.topologies.token_dropout import TokenDropout


@pytest.mark.parametrize("lengths", [[4, 1, 0], [4, 4, 4]])
def test_marginals_are_sums_over_all_sequences(lengths):
    random, size, steps = np.random.default_rng(0), 3, 4
    emissions = random.normal(size=[3, steps, size])
    transitions, start, stop = (random.normal(size=s) for s in ([size, size], [size], [size]))
    chain = chain_scores(emissions, transitions, start, stop, lengths)
    found = marginals(chain, tf.constant(lengths)).numpy()
    for row, length in enumerate(lengths):
        wanted = np.zeros([steps, size])
        for tags in itertools.product(range(size), repeat=length):
            if not tags:
                continue
            score = start[tags[0]] + stop[tags[-1]]
            score += sum(emissions[row, t, tag] for t, tag in enumerate(tags))
            score += sum(transitions[pair] for pair in itertools.pairwise(tags))
            for t, tag in enumerate(tags):
                wanted[t, tag] += np.exp(score)
        wanted /= np.maximum(wanted.sum(-1, keepdims=True), 1e-30)
        np.testing.assert_allclose(found[row], wanted, atol=1e-5)


def test_characters_of_a_word_are_those_of_the_word_alone():
    keras.utils.set_random_seed(0)
    layer = CharacterFeatures(9, embedding_dim=3, units=4)
    words = [[5, 6, 7], [8], [], [5, 6]]
    padded = np.zeros([2, 2, 5], "int32")
    for place, word in enumerate(words):
        padded[place // 2, place % 2, : len(word)] = word
    found = layer(padded).numpy().reshape(4, 8)
    for place, word in enumerate(words):
        if word:
            alone = layer(np.array([[word]])).numpy()[0, 0]
            np.testing.assert_allclose(found[place], alone, atol=1e-6)
    assert not found[2].any()
    assert np.abs(found[0] - found[3]).max() > 1e-3
    # The forward half is that of the cell over the letters, one by one.
    stack = layer.recurrence.layers[0]
    state = stack.get_initial_state(1)
    for letter in words[0]:
        output, state = stack.step(layer.embedding(np.array([letter])), state)
    np.testing.assert_allclose(found[0, :4], output.numpy()[0], atol=1e-6)


def test_token_dropout_replaces_its_share_and_only_in_training():
    layer = TokenDropout(0.25, unknown_id=1, seed=3)
    tokens = tf.fill([100, 100], 7)
    assert np.all(layer(tokens) == 7)
    found = layer(tokens, training=True).numpy()
    assert set(np.unique(found)) == {1, 7}
    assert abs(np.mean(found == 1) - 0.25) < 0.02
    assert not np.array_equal(found, layer(tokens, training=True))
    with pytest.raises(InputError, match="token_dropout"):
        TokenDropout(1.0)


@pytest.mark.parametrize("bidirectional", [True, False])
def test_no_step_is_seen_by_itself_and_every_other_is(bidirectional):
    keras.utils.set_random_seed(0)
    layer = StatesAround("lstm", 4, num_layers=2, bidirectional=bidirectional)
    steps = np.random.default_rng(0).normal(size=[1, 5, 3]).astype("float32")
    length = np.array([4])
    before = layer(steps, length).numpy()
    for changed in range(4):
        other = steps.copy()
        other[0, changed] += 1
        moved = np.abs(layer(other, length).numpy() - before)[0, :4].max(-1) > 1e-6
        wanted = [t != changed if bidirectional else t > changed for t in range(4)]
        assert moved.tolist() == wanted


def test_states_around_are_the_states_of_the_neighbours():
    keras.utils.set_random_seed(0)
    layer = StatesAround("gru", 4)
    steps = np.random.default_rng(0).normal(size=[2, 3, 2]).astype("float32")
    found = layer(steps, np.array([3, 1])).numpy()
    forward, _ = layer.past(steps[:1])
    backward, _ = layer.future(steps[:1, ::-1])
    np.testing.assert_allclose(found[0, 1, :4], forward[0, 0], atol=1e-6)
    np.testing.assert_allclose(found[0, 1, 4:], backward[0, 0], atol=1e-6)
    assert not found[0, 0, :4].any() and not found[0, 2, 4:].any() and not found[1, 0].any()
