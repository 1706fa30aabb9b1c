import itertools

import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import InputError
from zoo.training.batching import BatchPlan, ragged
from zoo.training.shares import EveryRow, Shares, distributed

LENGTHS = np.random.default_rng(0).integers(0, 9, 53)


@pytest.mark.parametrize(("batch_size", "replicas"), [(8, 2), (8, 3), (7, 7), (5, 1)])
def test_the_shares_of_a_batch_are_the_batch_each_row_once(batch_size, replicas):
    plan = BatchPlan(LENGTHS, batch_size, seed=3)
    alone = list(itertools.islice(plan.from_step(4), 20))
    shares = [
        list(itertools.islice(Shares(plan, [r], replicas).from_step(4), 20))
        for r in range(replicas)
    ]
    for batch, *parts in zip(alone, *shares, strict=True):
        assert sorted(np.concatenate(parts)) == sorted(batch)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_worker_with_two_replicas_gives_them_their_shares_in_turn():
    plan = BatchPlan(LENGTHS, 8)
    both = list(itertools.islice(Shares(plan, [2, 3], 4).from_step(0), 6))
    third, fourth = (list(itertools.islice(Shares(plan, [r], 4).from_step(0), 3)) for r in (2, 3))
    assert [r.tolist() for r in both[::2]] == [r.tolist() for r in third]
    assert [r.tolist() for r in both[1::2]] == [r.tolist() for r in fourth]


def test_shares_are_alike_in_length():
    plan = BatchPlan(np.arange(64), 64, pool_batches=1)
    first, second = (next(Shares(plan, [r], 2).from_step(0)) for r in (0, 1))
    assert abs(first.sum() - second.sum()) <= 32


@pytest.mark.parametrize(("batch_size", "replicas"), [(16, 1), (16, 2), (52, 4), (10, 4), (2, 5)])
def test_evaluation_has_every_row_once_and_one_for_each_replica(batch_size, replicas):
    rows = EveryRow(LENGTHS, batch_size, replicas)
    assert sorted(np.concatenate(rows.batches)) == list(range(len(LENGTHS)))
    assert min(map(len, rows.batches)) >= replicas
    assert np.all(np.diff(LENGTHS[np.concatenate(rows.batches)]) >= 0)
    # Endless: a second pass is the first again.
    twice = list(itertools.islice(rows.from_step(0), 2 * len(rows.batches)))
    assert [b.tolist() for b in twice] == [b.tolist() for b in rows.batches] * 2


def test_fewer_rows_than_replicas():
    with pytest.raises(InputError, match="3 validation rows cannot be shared by 4 replicas"):
        EveryRow(np.ones(3), 2, 4)


def test_what_a_strategy_hands_out_is_the_plan():
    rows = ragged([[i] * n for i, n in enumerate(LENGTHS)])
    plan = BatchPlan(LENGTHS, 8)
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    data = distributed(strategy, plan, {"x": rows}, lambda c: c["x"].row_lengths(), start_step=2)
    for lengths, batch in zip(itertools.islice(data, 5), plan.from_step(2), strict=False):
        assert lengths.numpy().tolist() == LENGTHS[batch].tolist()
