"""The loss of one class a step, against NumPy."""

import numpy as np
import pytest

from zoo.training.step_cross_entropy import step_cross_entropy


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_it_is_the_mean_over_real_steps(smoothing):
    random = np.random.default_rng(0)
    logits, labels = random.normal(size=[2, 3, 4]), np.array([[0, 3, -1], [2, -1, -1]])
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    nats = [
        -(1 - smoothing) * logs[row, step, label] - smoothing * logs[row, step].mean()
        for (row, step), label in np.ndenumerate(labels)
        if label >= 0
    ]
    loss = step_cross_entropy(smoothing)
    assert float(loss(labels, logits)) == pytest.approx(np.mean(nats), rel=1e-5)
    assert int(loss.weight(labels)) == 3
    # One step a row, and nothing at all.
    assert float(loss(labels[:, 0], logits[:, 0])) > 0
    assert float(loss(np.full([2, 3], -1), logits)) == 0
