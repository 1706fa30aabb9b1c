"""The error of a chain's tags against scikit-learn's F1 of the best path by enumeration."""

import itertools

import numpy as np
import pytest

from zoo.topologies.crf_error import ChainTagError

NUM_TAGS = 4


def best_path(chain, count):
    """The likeliest tags of one row, by trying all."""

    def score(path):
        before = (0, *path)
        return sum(chain[step, before[step], tag] for step, tag in enumerate(path))

    return max(itertools.product(range(NUM_TAGS), repeat=count), key=score)


def test_it_is_one_minus_the_f1_of_all_tags_but_the_last():
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    chain = random.normal(size=[5, 4, NUM_TAGS, NUM_TAGS]).astype("float32")
    lengths = [4, 3, 0, 1, 2]
    wanted = np.full([5, 4], -1)
    for row, count in enumerate(lengths):
        wanted[row, :count] = random.integers(0, NUM_TAGS, count)
    measure = ChainTagError()
    for part in (slice(0, 2), slice(2, 5)):
        measure.update_state(wanted[part], chain[part])
    said = [tag for row, count in enumerate(lengths) for tag in best_path(chain[row], count)]
    truth = [tag for row, count in enumerate(lengths) for tag in wanted[row, :count]]
    f1 = metrics.f1_score(truth, said, labels=range(NUM_TAGS - 1), average="micro")
    assert 0 < f1 < 1
    assert float(measure.result()) == pytest.approx(1 - f1, abs=1e-6)


def test_nothing_said_or_wanted_is_no_error():
    measure = ChainTagError()
    assert float(measure.result()) == 0
    measure.update_state([[-1, -1]], np.zeros([1, 2, 3, 3], "float32"))
    assert float(measure.result()) == 0
    assert ChainTagError.from_config(measure.get_config()).pad_tag == -1
