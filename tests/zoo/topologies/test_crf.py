"""The chain's likelihood and its best path against all paths, one by one."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.topologies import crf

LENGTHS = np.array([4, 1, 2, 0, 3])
SIZE, STEPS = 3, 4


@pytest.fixture(scope="module")
def given():
    random = np.random.default_rng(3)
    shapes = {
        "emissions": [5, STEPS, SIZE],
        "transitions": [SIZE, SIZE],
        "start": [SIZE],
        "stop": [SIZE],
    }
    return {name: random.normal(size=s).astype("float32") for name, s in shapes.items()}


def score_of(path, row, given):
    if not path:
        return 0.0
    score = given["start"][path[0]] + given["stop"][path[-1]]
    score += sum(given["emissions"][row, t, y] for t, y in enumerate(path))
    return score + sum(given["transitions"][a, b] for a, b in itertools.pairwise(path))


def all_scores(row, given):
    paths = itertools.product(range(SIZE), repeat=int(LENGTHS[row]))
    return {path: score_of(path, row, given) for path in paths}


def chain_of(given):
    return crf.chain_scores(**given, sequence_length=LENGTHS)


def test_partition_is_the_sum_over_all_paths(given):
    expected = [np.logaddexp.reduce([*all_scores(row, given).values()]) for row in range(5)]
    np.testing.assert_allclose(crf.log_partition(chain_of(given), LENGTHS), expected, atol=1e-5)


def test_likelihood_of_every_path_of_a_row_sums_to_one(given):
    chain = chain_of(given)[:1]
    paths = [*itertools.product(range(SIZE), repeat=STEPS)]
    found = crf.log_likelihood(
        tf.repeat(chain, len(paths), 0), np.array(paths), np.full(len(paths), STEPS)
    )
    scores = np.array([score_of(path, 0, given) for path in paths])
    np.testing.assert_allclose(found, scores - np.logaddexp.reduce(scores), atol=1e-5)
    np.testing.assert_allclose(np.sum(np.exp(found)), 1.0, atol=1e-5)


def test_viterbi_is_the_best_of_all_paths(given):
    tags, score = crf.viterbi(chain_of(given), LENGTHS)
    for row, length in enumerate(LENGTHS):
        scores = all_scores(row, given)
        best = max(scores, key=scores.get)
        assert tuple(tags[row, :length].numpy()) == best
        assert not np.any(tags[row, length:])
        np.testing.assert_allclose(score[row], scores[best], atol=1e-5)


def test_gradient_of_the_partition_is_the_marginal_of_each_tag(given):
    emissions = tf.constant(given["emissions"])
    with tf.GradientTape() as tape:
        tape.watch(emissions)
        chain = crf.chain_scores(**{**given, "emissions": emissions}, sequence_length=LENGTHS)
        total = tf.reduce_sum(crf.log_partition(chain, LENGTHS))
    marginals = np.zeros([5, STEPS, SIZE])
    for row in range(5):
        scores = all_scores(row, given)
        total_score = np.logaddexp.reduce([*scores.values()])
        for path, score in scores.items():
            for step, tag in enumerate(path):
                marginals[row, step, tag] += np.exp(score - total_score)
    np.testing.assert_allclose(tape.gradient(total, emissions), marginals, atol=1e-5)


def test_padding_of_any_content_changes_nothing_in_a_graph_or_out_of_it(given):
    spoilt = np.pad(given["emissions"], [(0, 0), (0, 2), (0, 0)], constant_values=7.0)
    tags = np.random.default_rng(0).integers(0, SIZE, [5, STEPS + 2])

    @tf.function(input_signature=[tf.TensorSpec([None, None, SIZE]), tf.TensorSpec([None, None])])
    def run(emissions, tags):
        chain = crf.chain_scores(**{**given, "emissions": emissions}, sequence_length=LENGTHS)
        return crf.log_likelihood(chain, tags, LENGTHS), *crf.viterbi(chain, LENGTHS)

    likelihood, path, score = run(spoilt, tags.astype("float32"))
    tags = np.where(np.arange(STEPS + 2) < LENGTHS[:, None], tags, -1)
    plain = crf.log_likelihood(chain_of(given), tags[:, :STEPS], LENGTHS)
    np.testing.assert_allclose(likelihood, plain, atol=1e-5)
    assert plain[3] == 0
    plain_path, plain_score = crf.viterbi(chain_of(given), LENGTHS)
    np.testing.assert_array_equal(path[:, :STEPS], plain_path)
    np.testing.assert_allclose(score, plain_score, atol=1e-5)


def test_the_loss_is_the_mean_over_real_tags(given):
    tags = np.full([5, STEPS], 1)
    tags[np.arange(STEPS) >= LENGTHS[:, None]] = -1
    loss = crf.chain_loss()(tags, chain_of(given))
    found = crf.log_likelihood(chain_of(given), tags, LENGTHS)
    np.testing.assert_allclose(loss, -np.sum(found) / LENGTHS.sum(), rtol=1e-5)
    assert crf.chain_loss()(np.full([5, STEPS], -1), chain_of(given)) == 0


def test_a_chain_learns_an_order_that_emissions_do_not_show():
    """Tags alternate but their inputs are all alike: only the transitions can say so."""
    layer = crf.ConditionalRandomField()
    emissions, lengths = tf.zeros([2, 6, 2]), tf.constant([6, 6])
    tags = np.array([[0, 1] * 3, [0, 1] * 3])
    layer(emissions, lengths)
    optimiser, loss = keras.optimizers.Adam(0.3), crf.chain_loss()
    for _ in range(20):
        with tf.GradientTape() as tape:
            chain = crf.chain_scores(
                emissions, layer.transitions.value, layer.start.value, layer.stop.value, lengths
            )
            nats = loss(tags, chain)
        weights = layer.trainable_variables
        optimiser.apply(tape.gradient(nats, [w.value for w in weights]), weights)
    np.testing.assert_array_equal(layer(emissions, lengths)["tags"], tags)
