"""Batches bounded by their tokens, against counting by hand."""

import doctest
import itertools
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import InputError
from zoo.training import BatchPlan, ragged, token_batching, training_stream
from zoo.training.token_batching import TokenBatchPlan

LENGTHS = np.random.default_rng(0).integers(0, 30, [203, 2])


@pytest.mark.parametrize("lengths", [LENGTHS, LENGTHS[:, 0]], ids=["two columns", "one"])
@pytest.mark.parametrize("epoch", [0, 3])
def test_an_epoch_has_every_row_once_in_batches_within_the_bound(lengths, epoch):
    plan = TokenBatchPlan(lengths, 120, seed=5)
    batches = plan.epoch(epoch)
    assert sorted(np.concatenate(batches)) == list(range(203))
    assert len(batches) == plan.steps_per_epoch
    table = lengths.reshape(203, -1)
    padded = [len(rows) * sum(max(column) for column in table[rows].T) for rows in batches]
    assert max(padded) <= 120
    # About full: no two neighbours in length would have fitted into one batch.
    assert np.mean(padded) > 0.75 * 120
    assert plan.padding_share(epoch) == pytest.approx(1 - table.sum() / sum(padded))


def greedy(lengths, bound):
    """The cuts of sorted lengths, written out."""
    batches, batch = [], []
    for length in sorted(lengths):
        if batch and max(1, length) * (len(batch) + 1) > bound:
            batches.append(batch)
            batch = []
        batch = [*batch, length]
    return [*batches, batch]


def test_the_cuts_are_the_greedy_ones_in_every_epoch():
    lengths = LENGTHS[:, 0]
    expected = sorted(greedy(lengths.tolist(), 64))
    for epoch in range(3):
        found = [
            sorted(lengths[rows].tolist()) for rows in TokenBatchPlan(lengths, 64).epoch(epoch)
        ]
        assert sorted(found) == expected


def test_rows_meet_others_in_each_epoch_and_batches_come_in_another_order():
    plan = TokenBatchPlan(np.repeat([4, 8], 50), 40)
    first, second = plan.epoch(0), plan.epoch(1)
    assert {tuple(sorted(rows)) for rows in first} != {tuple(sorted(rows)) for rows in second}
    sizes = [[len(rows) for rows in batches] for batches in (first, second)]
    assert sizes[0] != sizes[1] and sorted(sizes[0]) == sorted(sizes[1])
    other = TokenBatchPlan(np.repeat([4, 8], 50), 40, seed=1).epoch(0)
    assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_the_stream_from_a_step_is_the_tail_of_the_whole():
    plan = TokenBatchPlan(LENGTHS, 200, seed=7)
    far = 2 * plan.steps_per_epoch + 3
    whole = list(itertools.islice(plan.from_step(0), far + 5))
    for start in (0, 1, plan.steps_per_epoch, far):
        tail = list(itertools.islice(plan.from_step(start), 5))
        for one, other in zip(whole[start : start + 5], tail, strict=True):
            np.testing.assert_array_equal(one, other)


def test_less_padding_than_batches_of_rows_of_as_many_steps():
    lengths = np.random.default_rng(1).geometric(0.05, 4000)
    tokens = TokenBatchPlan(lengths, 2 * int(lengths.max()))
    rows = BatchPlan(lengths, 4000 // tokens.steps_per_epoch, pool_batches=1)
    assert tokens.padding_share() < 0.1 * rows.padding_share()


def test_bounds_on_rows_and_rows_of_length_zero():
    plan = TokenBatchPlan(np.zeros(10, int), 4)
    assert sorted(len(rows) for rows in plan.epoch(0)) == [2, 4, 4]
    assert plan.padding_share() == 0.0
    plan = TokenBatchPlan(np.ones(10, int), 100, most_rows=3)
    assert sorted(len(rows) for rows in plan.epoch(0)) == [1, 3, 3, 3]


def test_a_stream_gathers_batches_of_any_number_of_rows():
    sequences = [[i] * (i % 5) for i in range(20)]
    plan = TokenBatchPlan(np.array([len(s) for s in sequences]), 9, seed=1)
    columns = {"x": ragged(sequences), "y": np.arange(20)}
    stream = training_stream(plan, columns, lambda c: (c["x"].to_tensor(), c["y"]), start_step=2)
    for rows, (x, y) in zip(itertools.islice(plan.from_step(2), 12), stream, strict=False):
        np.testing.assert_array_equal(y, rows)
        expected = tf.ragged.constant([sequences[i] for i in rows], dtype=tf.int32).to_tensor()
        np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize(
    ("lengths", "settings", "said"),
    [
        ([[2, 3], [6, 5]], {"batch_tokens": 10}, "training row 1 has 11 tokens, more than a batch"),
        ([1], {"batch_tokens": 0}, "batch_tokens is 0; expected 1 or more"),
        ([1], {"batch_tokens": 5, "most_rows": -1}, "most_rows is -1; expected 1 or more"),
        (np.zeros([0, 2], int), {"batch_tokens": 5}, "no training rows"),
    ],
)
def test_what_cannot_be_cut_is_refused(lengths, settings, said):
    with pytest.raises(InputError, match=said):
        TokenBatchPlan(np.array(lengths), **settings)


def test_examples_run():
    examples = {"np": np, "TokenBatchPlan": TokenBatchPlan}
    result = doctest.testmod(token_batching, extraglobs=examples)
    assert result.attempted and not result.failed
    page = Path(__file__).parents[3] / "docs" / "training.md"
    (code,) = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(code, str(page), "exec"), {})
