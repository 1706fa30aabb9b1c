"""Each pooling against NumPy, on rows of every length."""

import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import InputError
from zoo.topologies.pooling import Pooling

LENGTH = np.array([4, 1, 0])
OUTPUTS = np.random.default_rng(0).normal(size=[3, 4, 6]).astype("float32") - 1.0


def by_row(transform):
    return np.stack(
        [
            transform(o[:n]) if n else np.zeros_like(transform(o))
            for o, n in zip(OUTPUTS, LENGTH, strict=True)
        ]
    )


@pytest.mark.parametrize(
    ("kind", "transform"),
    [
        ("last", lambda h: h[-1]),
        ("mean", lambda h: h.mean(0)),
        ("max", lambda h: h.max(0)),
        ("mean_max", lambda h: np.concatenate([h.mean(0), h.max(0)])),
    ],
)
def test_of_real_steps_alone(kind, transform):
    np.testing.assert_allclose(Pooling(kind)(OUTPUTS, LENGTH), by_row(transform), atol=1e-6)


def test_last_of_two_directions_is_where_each_ends():
    found = Pooling("last", bidirectional=True)(OUTPUTS, LENGTH)
    wanted = by_row(lambda h: np.concatenate([h[-1, :3], h[0, 3:]]))
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_attention_is_a_weighted_sum():
    pooling = Pooling("attention")
    found = pooling(OUTPUTS, LENGTH)
    pooling.bias.assign(np.linspace(-1, 1, 6))
    found = pooling(OUTPUTS, LENGTH)
    kernel, bias, query = (np.asarray(w) for w in (pooling.kernel, pooling.bias, pooling.query))

    def transform(h):
        weights = np.exp(np.tanh(h @ kernel + bias) @ query[:, 0])
        return weights @ h / weights.sum()

    np.testing.assert_allclose(found, by_row(transform), atol=1e-5)
    weights = np.asarray(pooling.weights_of(OUTPUTS, LENGTH))
    np.testing.assert_allclose(weights.sum(1), [1, 1, 0], atol=1e-6)
    assert not np.any(weights[np.arange(4) >= LENGTH[:, None]])


@pytest.mark.parametrize("kind", ["last", "mean", "max", "mean_max", "attention"])
def test_padding_that_is_not_finite_reaches_neither_values_nor_gradients(kind):
    spoilt = np.where((np.arange(4) < LENGTH[:, None])[..., None], OUTPUTS, np.nan)
    spoilt, pooling = tf.constant(spoilt.astype("float32")), Pooling(kind)
    pooling.build(spoilt.shape)
    with tf.GradientTape() as tape:
        tape.watch(spoilt)
        found = pooling(spoilt, LENGTH)
    np.testing.assert_allclose(found, pooling(OUTPUTS, LENGTH))
    gradient = tape.gradient(found, spoilt).numpy()
    assert np.all(np.isfinite(gradient))
    assert not np.any(gradient[np.arange(4) >= LENGTH[:, None]])


def test_no_steps_at_all():
    for kind in ("last", "mean", "max", "mean_max", "attention"):
        assert not np.any(Pooling(kind)(np.zeros([2, 0, 6], "float32"), np.array([0, 0])))


def test_an_unknown_kind_is_refused():
    with pytest.raises(InputError, match="'median'; expected one of last, mean, max, mean_max"):
        Pooling("median")
