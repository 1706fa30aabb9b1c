"""The adding and the copying problem: what they promise, sequence by sequence."""

import numpy as np

from recipes.datasets.memory_problems import (
    BLANK,
    COPIED,
    RECALL,
    SYMBOLS,
    adding_problem,
    copying_problem,
)


def test_adding_marks_one_number_in_each_half():
    steps, sums, lengths = adding_problem(2000, 11, seed=4)
    assert (lengths == 11).all()
    marks = steps[..., 1]
    assert set(np.unique(marks)) == {0, 1}
    assert (marks[:, :5].sum(1) == 1).all() and (marks[:, 5:].sum(1) == 1).all()
    assert (marks.sum(0) > 0).all()
    for (values, marked), total in zip(steps[:20].transpose(0, 2, 1), sums, strict=False):
        np.testing.assert_allclose(sum(v for v, m in zip(values, marked, strict=True) if m), total)


def test_a_constant_guess_is_wrong_by_a_sixth():
    _, sums, _ = adding_problem(20_000, 4, seed=0)
    assert abs(((sums - 1) ** 2).mean() - 1 / 6) < 0.005


def test_adding_has_every_length_from_the_shortest_on():
    steps, sums, lengths = adding_problem(2000, 9, seed=4, shortest=3)
    assert set(lengths) == set(range(3, 10))
    for sequence, total, length in zip(steps, sums, lengths, strict=True):
        marks = sequence[:, 1]
        assert marks[: length // 2].sum() == 1 and marks[length // 2 : length].sum() == 1
        assert not sequence[length:].any()
        np.testing.assert_allclose(sequence[marks == 1, 0].sum(), total, rtol=1e-6)


def test_copying_waits_and_asks():
    tokens, symbols = copying_problem(300, 7, seed=2)
    assert tokens.shape == (300, 7 + 2 * COPIED)
    np.testing.assert_array_equal(tokens[:, :COPIED], symbols)
    rest = tokens[:, COPIED:]
    assert (rest[:, 6] == RECALL).all() and (np.delete(rest, 6, 1) == BLANK).all()
    assert set(np.unique(symbols)) == set(range(SYMBOLS))


def test_sequences_are_those_of_the_seed():
    for make in (adding_problem, copying_problem):
        one, same, other = make(5, 6, 1), make(5, 6, 1), make(5, 6, 2)
        np.testing.assert_array_equal(one[0], same[0])
        assert (one[0] != other[0]).any()
