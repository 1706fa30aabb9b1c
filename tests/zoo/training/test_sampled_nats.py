"""The cost of a token among a sample, against the cost among all."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.topologies.cloze import OutputBias
from zoo.training.sampled_nats import SampledNats

SIZE, WIDTH = 30, 3


def layers(num_sampled, seed=1):
    keras.utils.set_random_seed(0)
    embedding, bias = keras.layers.Embedding(SIZE, WIDTH), OutputBias()
    embedding.build(None)
    bias.build((None, None, SIZE))
    random = np.random.default_rng(0)
    embedding.embeddings.assign(random.normal(size=[SIZE, WIDTH]))
    bias.bias.assign(random.normal(size=[SIZE]))
    return SampledNats(embedding, bias, num_sampled, seed=seed), embedding, bias


HIDDEN = np.random.default_rng(1).normal(size=[2, 2, WIDTH]).astype("float32")
TARGETS = np.array([[4, 29], [10, 5]], "int32")


def exact(embedding, bias, ids):
    """Cross entropy among the tokens of `ids` alone."""
    scores = HIDDEN @ embedding.embeddings.numpy().T + bias.bias.numpy()
    own = np.take_along_axis(scores, TARGETS[..., None], -1)[..., 0]
    return np.log(np.exp(scores[..., ids]).sum(-1)) - own


def test_outside_of_training_it_is_exact():
    layer, embedding, bias = layers(5)
    wanted = exact(embedding, bias, np.arange(SIZE))
    np.testing.assert_allclose(layer(HIDDEN, TARGETS), wanted, rtol=1e-5)


def test_a_large_sample_costs_as_much_as_all_tokens():
    layer, embedding, bias = layers(400_000)
    # Special tokens, the first four, are never drawn.
    wanted = exact(embedding, bias, np.arange(4, SIZE))
    np.testing.assert_allclose(layer(HIDDEN, TARGETS, training=True), wanted, atol=0.03)


def test_ranks_are_drawn_as_often_as_expected():
    layer, *_ = layers(200_000)
    size = SIZE - 4
    counts = np.bincount(layer.draw(size).numpy(), minlength=size)
    assert len(counts) == size
    expected = np.exp(layer.log_expected(tf.range(4, SIZE), size))
    assert expected.sum() == pytest.approx(200_000, rel=1e-4)
    np.testing.assert_allclose(counts, expected, rtol=0.05)


def test_the_draw_moves_on_and_every_weight_learns():
    layer, embedding, bias = layers(8)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(HIDDEN, TARGETS, training=True))
    gradients = tape.gradient(loss, [embedding.embeddings.value, bias.bias.value])
    assert all(np.any(tf.convert_to_tensor(g).numpy()) for g in gradients)
    assert float(loss) != float(tf.reduce_sum(layer(HIDDEN, TARGETS, training=True)))
