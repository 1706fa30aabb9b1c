"""States as structures."""

import keras
import numpy as np
import pytest

from zoo.cells import LSTMStateTuple, state
from zoo.errors import InputError

NESTED = (LSTMStateTuple(3, 2), [4, (5,)], 6)


def test_zeros_leaves_and_pack():
    made = state.zeros(NESTED, 7, "float64")
    assert [leaf.shape[1] for leaf in state.leaves(made)] == [3, 2, 4, 5, 6]
    assert isinstance(made[0], LSTMStateTuple)
    assert isinstance(made[1], list)
    assert isinstance(made[1][1], tuple)
    assert all(leaf.dtype == "float64" for leaf in state.leaves(made))
    packed = state.pack(NESTED, [10, [20, 30], (40, 50)])
    assert packed == (LSTMStateTuple(10, 20), [30, (40,)], 50)


def test_match_returns_the_structure_of_the_cell():
    plain = [[np.zeros((2, 3)), np.zeros((2, 2))], (np.zeros((2, 4)), [np.zeros((2, 5))])]
    plain.append(np.zeros((2, 6)))
    matched = state.match("Cell", NESTED, plain, 2)
    assert isinstance(matched, tuple)
    assert isinstance(matched[0], LSTMStateTuple)
    assert matched[1][1][0] is plain[1][1][0]


def test_match_takes_unknown_sizes_and_symbols():
    symbol = keras.KerasTensor((None, 3))
    assert state.match("Cell", 3, symbol, 4) is symbol
    assert state.match("Cell", 3, [symbol]) is symbol


@pytest.mark.parametrize(
    ("size", "given", "message"),
    [
        (3, np.zeros((2, 4)), "Cell expects a state (batch, 3); got (2, 4)"),
        ((3,), np.zeros((2, 3)), "Cell expects a state ((batch, 3),); got (2, 3)"),
        ([3, 3], [np.zeros((2, 3))], "Cell expects a state [(batch, 3), (batch, 3)]; got [(2, 3)]"),
        (3, "zeros", "Cell expects a state (batch, 3); got str 'zeros'"),
        (3, np.zeros((2, 3), int), "Cell expects a state of a floating dtype; got int64"),
    ],
)
def test_match_says_what_is_expected_and_what_was_given(size, given, message):
    with pytest.raises(InputError) as caught:
        state.match("Cell", size, given)
    assert str(caught.value) == message
