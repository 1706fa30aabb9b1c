import itertools

import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import InputError
from zoo.training import BatchPlan, evaluation_batches, ragged, training_stream


def plan_of(rows=103, batch_size=8, **settings):
    lengths = np.random.default_rng(0).integers(0, 30, [rows, 2])
    return BatchPlan(lengths, batch_size, **settings)


def test_an_epoch_holds_each_row_at_most_once_and_leaves_out_less_than_a_batch():
    plan = plan_of()
    rows = plan.epoch(3).ravel()
    assert len(set(rows)) == len(rows) == 12 * 8


def test_each_row_comes_in_some_epoch():
    plan = plan_of()
    assert set(np.concatenate([plan.epoch(e).ravel() for e in range(20)])) == set(range(103))


def test_the_stream_from_a_step_is_the_tail_of_the_whole():
    plan = plan_of(seed=7)
    whole = list(itertools.islice(plan.from_step(0), 30))
    tail = list(itertools.islice(plan.from_step(17), 13))
    np.testing.assert_array_equal(whole[17:], tail)


def test_seeds_and_epochs_differ():
    assert not np.array_equal(plan_of(seed=1).epoch(0), plan_of(seed=2).epoch(0))
    assert not np.array_equal(plan_of().epoch(0), plan_of().epoch(1))


def test_bucketing_saves_padding_and_the_share_is_what_batches_show():
    lengths = np.random.default_rng(0).integers(1, 50, 4000)
    bucketed, plain = BatchPlan(lengths, 16), BatchPlan(lengths, 16, pool_batches=1)
    assert bucketed.padding_share() < 0.2 * plain.padding_share()
    padded = real = 0
    for rows in plain.epoch(0):
        padded += lengths[rows].max() * 16
        real += lengths[rows].sum()
    assert plain.padding_share() == pytest.approx(1 - real / padded)


def test_too_few_rows_are_refused():
    with pytest.raises(InputError, match="3 training rows do not fill one batch of 4"):
        BatchPlan(np.array([1, 2, 3]), 4)


def test_batches_hold_the_rows_of_the_plan():
    sequences = [[i] * (i % 5) for i in range(20)]
    plan = BatchPlan(np.array([len(s) for s in sequences]), 4, seed=1)
    columns = {"x": ragged(sequences), "y": np.arange(20)}
    stream = training_stream(plan, columns, lambda c: (c["x"].to_tensor(), c["y"]), start_step=2)
    for rows, (x, y) in zip(itertools.islice(plan.from_step(2), 9), stream, strict=False):
        np.testing.assert_array_equal(y, rows)
        expected = tf.ragged.constant([sequences[i] for i in rows], dtype=tf.int32).to_tensor()
        np.testing.assert_array_equal(x, expected)


def test_evaluation_sees_every_row_once_however_small_the_last_batch():
    columns = {"x": ragged([[1] * (i % 7) for i in range(23)]), "y": np.arange(23)}
    lengths = np.arange(23) % 7
    batches = list(evaluation_batches(columns, lambda c: c["y"], lengths, 5))
    assert sorted(np.concatenate(batches)) == list(range(23))
    assert [len(b) for b in batches] == [5, 5, 5, 5, 3]


def test_ragged_keeps_empty_rows():
    assert ragged([[], [1, 2], []]).to_list() == [[], [1, 2], []]
