import numpy as np
import pytest

from zoo.training import TokenNats, token_cross_entropy


def log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_loss_is_the_mean_over_real_tokens(smoothing):
    random = np.random.default_rng(0)
    logits = random.normal(size=[3, 5, 7]).astype("float32")
    labels = np.array([[1, 2, 3, 0, 0], [6, 0, 0, 0, 0], [0, 0, 0, 0, 0]])
    total = 0.0
    for row, step in zip(*np.nonzero(labels), strict=True):
        target = np.full(7, smoothing / 7)
        target[labels[row, step]] += 1 - smoothing
        total -= (target * log_softmax(logits[row, step].astype("float64"))).sum()
    expected = total / np.count_nonzero(labels)
    assert float(token_cross_entropy(smoothing)(labels, logits)) == pytest.approx(
        expected, rel=1e-5
    )


def test_all_padding_is_zero_and_not_nan():
    assert float(token_cross_entropy(0.1)(np.zeros([2, 3], int), np.ones([2, 3, 4]))) == 0.0


def test_half_precision_logits_are_judged_in_single():
    logits = np.full([1, 1, 5000], 3.0, "float16")
    loss = token_cross_entropy()(np.array([[1]]), logits)
    assert float(loss) == pytest.approx(np.log(5000), rel=1e-5)


def test_nats_weigh_tokens_and_not_batches():
    metric = TokenNats()
    uniform, certain = np.zeros([1, 3, 4]), np.zeros([1, 1, 4])
    certain[..., 2] = 100
    metric.update_state(np.array([[1, 2, 3]]), uniform)
    metric.update_state(np.array([[2]]), certain)
    assert float(metric.result()) == pytest.approx(3 / 4 * np.log(4), rel=1e-6)
