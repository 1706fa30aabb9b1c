import itertools

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.training import LanePlan, windows_of


@pytest.mark.parametrize(("window", "stride"), [(4, 1), (4, 2), (6, 3)])
def test_every_row_goes_on_where_it_was(window, stride):
    text = np.arange(500)
    windows = windows_of(text, window, stride)
    plan = LanePlan(len(windows), 5, stride, seed=3)
    rows = [rows for rows, _ in zip(plan.from_step(0), range(60), strict=False)]
    seams = 0
    for before, after in itertools.pairwise(rows):
        goes_on = windows[before][:, -1] == windows[after][:, 0]
        seams += np.sum(~goes_on)
        # Only where the text has come to its end does a lane jump, to the beginning.
        assert np.all(after[~goes_on] < stride)
    assert 0 < seams < 5 * 60 / 10


def test_an_epoch_reads_the_text_once():
    text = np.arange(1000)
    windows = windows_of(text, 10, 2)
    plan = LanePlan(len(windows), 4, 2, seed=1)
    read = np.concatenate(
        [
            windows[rows][:, :-1].ravel()
            for rows, _ in zip(plan.from_step(0), range(plan.steps_per_epoch), strict=False)
        ]
    )
    assert len(np.unique(read)) == len(read)
    assert len(read) > 0.9 * len(text)
    assert plan.padding_share() == 0


def test_a_plan_is_a_function_of_seed_and_step():
    plans = [LanePlan(100, 4, 2, seed=seed) for seed in (1, 1, 2)]
    one, same, other = ([next(plan.from_step(k)) for k in range(70)] for plan in plans)
    going = [rows for rows, _ in zip(plans[0].from_step(0), range(70), strict=False)]
    np.testing.assert_array_equal(one, going)
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_windows_are_the_text():
    assert windows_of(np.arange(7), 3, 3).tolist() == [
        [0, 1, 2, 3],
        [1, 2, 3, 4],
        [2, 3, 4, 5],
        [3, 4, 5, 6],
    ]
    assert windows_of(np.arange(3), 3).shape == (0, 4)


@pytest.mark.parametrize(
    "call", [lambda: LanePlan(7, 4, 2), lambda: windows_of(np.arange(9), 4, 3)]
)
def test_what_does_not_fit(call):
    with pytest.raises(InputError, match=r"too few for 4 lanes|a window of 4"):
        call()
