"""n_to_n, n_to_one, joint, recurrent_features and perceptron: values, and that they learn."""

import keras
import numpy as np
import pytest

import zoo
from zoo.topologies.crf import chain_loss

RANDOM = np.random.default_rng(6)
FEATURES = RANDOM.normal(size=[3, 4, 2]).astype("float32")
LENGTH = np.array([4, 2, 0], "int32")
SMALL = {"num_features": 2, "units": 3, "cell": "simple_rnn"}


def hidden_by_hand(cell, row, state):
    out = []
    for step in row:
        state = np.tanh(
            step @ np.asarray(cell.kernel)
            + state @ np.asarray(cell.recurrent_kernel)
            + np.asarray(cell.bias)
        )
        out.append(state)
    return np.array(out)


def test_n_to_n_is_v_h_plus_c_at_every_step():
    model = zoo.build("n_to_n", num_classes=5, **SMALL)
    cell = model.get_layer("recurrence").layers[0].cell
    out = model.get_layer("output_projection")
    found = np.asarray(model({"features": FEATURES, "length": LENGTH})["logits"])
    for row, length in zip(range(2), LENGTH, strict=False):
        hidden = hidden_by_hand(cell, FEATURES[row, :length], np.zeros(3))
        wanted = hidden @ np.asarray(out.kernel) + np.asarray(out.bias)
        np.testing.assert_allclose(found[row, :length], wanted, atol=1e-5)


def test_features_of_two_directions_and_where_each_ends():
    model = zoo.build("recurrent_features", **SMALL, bidirectional=True)
    forward, backward = model.get_layer("recurrence").layers
    out = model({"features": FEATURES, "length": LENGTH})
    for row, length in zip(range(2), LENGTH, strict=False):
        real = FEATURES[row, :length]
        ahead = hidden_by_hand(forward.cell, real, np.zeros(3))
        back = hidden_by_hand(backward.cell, real[::-1], np.zeros(3))
        wanted = np.concatenate([ahead, back[::-1]], 1)
        np.testing.assert_allclose(out["hidden"][row, :length], wanted, atol=1e-5)
        np.testing.assert_allclose(out["last"][row], [*ahead[-1], *back[-1]], atol=1e-5)
    assert not np.any(out["hidden"][2]) and not np.any(out["last"][2])


def test_perceptron_is_f_of_w_x_plus_b():
    model = zoo.build("perceptron", num_features=2, num_outputs=3)
    kernel, bias = model.get_weights()
    logits = FEATURES[:, 0] @ kernel + bias
    out = model({"features": FEATURES[:, 0]})
    np.testing.assert_allclose(out["logits"], logits, atol=1e-6)
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(out["output"], shares, atol=1e-6)


def test_joint_heads_read_one_recurrence():
    model = zoo.build("joint", num_step_classes=5, num_row_classes=2, **SMALL, crf=True)
    out = model({"features": FEATURES, "length": LENGTH})
    assert out["tags"].shape == (3, 4) and not np.any(out["tags"][2])
    recurrent = [w for w in model.weights if "recurrence" in w.path]
    assert len(recurrent) == 6  # two directions of W, U and b, and no second encoder


def learn(model, given, truth, loss, epochs):
    model.compile(keras.optimizers.Adam(0.05), loss=loss, jit_compile=False)
    model.fit(given, truth, batch_size=16, epochs=epochs, verbose=0)


@pytest.mark.slow
def test_sixteen_rows_are_learned_by_heart_with_a_chain():
    keras.utils.set_random_seed(0)
    tokens, tags = RANDOM.integers(0, 9, [16, 5]), RANDOM.integers(0, 3, [16, 5])
    length = RANDOM.integers(1, 6, 16)
    tags[np.arange(5) >= length[:, None]] = -1
    model = zoo.build(
        "n_to_n",
        num_classes=3,
        vocabulary_size=9,
        units=16,
        embedding_dim=8,
        bidirectional=True,
        crf=True,
    )
    given = {"tokens": tokens, "length": length}
    learn(model, given, {"chain": tags}, {"chain": chain_loss()}, 100)
    found = np.asarray(model(given)["tags"])
    np.testing.assert_array_equal(np.where(tags >= 0, found, -1), tags)


@pytest.mark.slow
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "mean_max", "attention"])
def test_sixteen_rows_are_learned_by_heart_in_one(pooling):
    keras.utils.set_random_seed(0)
    given = {"tokens": RANDOM.integers(0, 9, [16, 5]), "length": RANDOM.integers(3, 6, 16)}
    labels = RANDOM.integers(0, 3, 16)
    model = zoo.build(
        "n_to_one", num_classes=3, vocabulary_size=9, units=16, embedding_dim=8, pooling=pooling
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    learn(model, given, {"logits": labels}, {"logits": loss}, 100)
    assert np.array_equal(np.argmax(model(given)["logits"], -1), labels)
