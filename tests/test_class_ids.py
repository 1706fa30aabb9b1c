"""One-hot labels say what ids say, in every loss and measure that takes classes."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.class_ids import class_ids, count_real
from zoo.errors import InputError
from zoo.topologies.crf import chain_loss
from zoo.topologies.crf_error import ChainTagError
from zoo.training import TokenNats, token_cross_entropy
from zoo.training.copying import extended_cross_entropy
from zoo.training.macro_error import MacroError
from zoo.training.sampled_nats import SampledNats
from zoo.training.step_cross_entropy import step_cross_entropy

SIZE = 5


def measured(metric):
    def value(truth, scores):
        metric.reset_state()
        metric.update_state(truth, scores)
        return metric.result()

    return value


# What takes classes: the function, and the id of padding.
STEPS = {
    "token_cross_entropy": (token_cross_entropy(0.1), 0),
    "step_cross_entropy": (step_cross_entropy(0.1), -1),
    "extended_cross_entropy": (extended_cross_entropy(3, 0.1), 0),
    "chain_loss": (chain_loss(), -1),
    "token_nats": (measured(TokenNats()), 0),
    "tag_error": (measured(ChainTagError()), -1),
}
every_loss = pytest.mark.parametrize("name", STEPS)


def scores_for(name, rows, steps, random):
    shape = [rows, steps, SIZE] + [SIZE] * (name in ("chain_loss", "tag_error"))
    return tf.constant(random.normal(size=shape), tf.float32)


@st.composite
def labels(draw):
    rows, steps = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    ends = draw(st.lists(st.integers(0, steps), min_size=rows, max_size=rows))
    ids = draw(st.lists(st.integers(1, SIZE - 1), min_size=rows * steps, max_size=rows * steps))
    return np.reshape(ids, [rows, steps]), np.arange(steps) < np.array(ends)[:, None]


@every_loss
@settings(max_examples=5, deadline=None, derandomize=True)
@given(drawn=labels(), dtype=st.sampled_from(["float32", "int32", "bool"]))
def test_one_hot_says_what_ids_say(name, drawn, dtype):
    function, pad = STEPS[name]
    ids, real = drawn
    ids = np.where(real, ids, pad)
    scores = scores_for(name, *ids.shape, np.random.default_rng(1))
    expected = float(function(ids, scores))
    # A row of zeros is padding; so is the one-hot row of the padding's own id.
    empty = np.where(real[..., None], np.eye(SIZE)[ids], 0).astype(dtype)
    found = [empty, np.eye(SIZE)[ids].astype(dtype)] if pad == 0 else [empty]
    for truth in (*found, ids[..., None], ids.astype("float32")):
        assert float(function(truth, scores)) == pytest.approx(expected, rel=1e-5, abs=1e-7)
        if hasattr(function, "weight"):
            assert int(function.weight(truth)) == np.sum(ids != pad)


@every_loss
def test_labels_that_cannot_be(name):
    function, _ = STEPS[name]
    scores = scores_for(name, 2, 3, np.random.default_rng(1))
    for shape in ([2], [2, 4], [3, 3], [2, 3, 4], [2, 3, 6], [2, 3, SIZE, 1, 1]):
        with pytest.raises(InputError, match=r"class ids of shape \(2, 3\) or one-hot.*got") as e:
            function(np.zeros(shape, "int32"), scores)
        assert "\n" not in str(e.value)
    two = np.eye(SIZE)[[[1, 2, 3]] * 2]
    for wrong in (two * 0.9, two + np.eye(SIZE)[0], -two, two * 2):
        with pytest.raises(InputError, match="expects one-hot labels, one 1 in a row"):
            function(wrong.astype("float32"), scores)
    run = tf.function(lambda truth: function(truth, scores))
    with pytest.raises(tf.errors.InvalidArgumentError, match="expects one-hot labels"):
        run(tf.constant(two * 0.9, tf.float32))


def test_one_class_a_row():
    random = np.random.default_rng(0)
    logits, ids = random.normal(size=[4, SIZE]).astype("float32"), np.array([0, 3, 1, 1])
    loss = step_cross_entropy()
    expected = -np.mean((logits - np.log(np.exp(logits).sum(-1, keepdims=True)))[range(4), ids])
    assert float(loss(ids, logits)) == pytest.approx(expected, rel=1e-5)
    assert float(loss(np.eye(SIZE)[ids], logits)) == pytest.approx(expected, rel=1e-5)
    by_ids, one_hot = measured(MacroError()), measured(MacroError())
    assert float(by_ids(ids, logits)) == float(one_hot(np.eye(SIZE)[ids], logits))


def test_the_documents_own_words():
    # '<start>', '<stop>', 'hello', 'good', 'morning', as the documents write them.
    label = {"<start>": 0, "<stop>": 1, "hello": 2, "good": 3, "morning": 4}
    one_hot = np.eye(5)[[[label["good"], label["morning"], label["<stop>"]]]]
    assert one_hot[0].tolist() == [[0, 0, 0, 1, 0], [0, 0, 0, 0, 1], [0, 1, 0, 0, 0]]
    logits = np.log(np.full([1, 3, 5], 0.2, "float32"))
    assert float(token_cross_entropy()(one_hot, logits)) == pytest.approx(np.log(5), rel=1e-5)


def test_ids_alone_where_a_sample_is_drawn():
    embedding = tf.keras.layers.Embedding(SIZE, 2)
    layer = SampledNats(embedding, tf.keras.layers.Dense(SIZE))
    with pytest.raises(InputError, match=r"expects ids of shape \(1, 3\).*got \(1, 3, 5\)"):
        layer.call(tf.zeros([1, 3, 2]), tf.zeros([1, 3, SIZE]))


def test_shapes_that_are_not_known_yet():
    run = tf.function(
        lambda truth, scores: class_ids("test", truth, scores),
        input_signature=[tf.TensorSpec([None, None, None]), tf.TensorSpec([None, None, SIZE])],
    )
    found = run(tf.one_hot([[2, 0, -1]], SIZE), tf.zeros([1, 3, SIZE]))
    assert found.numpy().tolist() == [[2, 0, -1]]
    assert int(count_real([[1, 0, 2]], 0)) == 2
