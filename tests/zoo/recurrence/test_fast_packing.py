import numpy as np
import pytest
import tensorflow as tf

from zoo.recurrence.fast_packing import pack_mask


def by_hand(mask, go_backwards):
    """The packed steps as (row, time), found by walking."""
    walks = [[(row, time) for time in np.flatnonzero(steps)] for row, steps in enumerate(mask)]
    if go_backwards:
        walks = [walk[::-1] for walk in walks]
    walks.sort(key=len, reverse=True)
    longest = len(walks[0]) if walks else 0
    return [walk[step] for step in range(longest) for walk in walks if step < len(walk)]


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_packs_the_valid_steps_longest_row_first(share, go_backwards):
    mask = np.random.default_rng(0).random((7, 9)) < share
    packing = pack_mask(tf.constant(mask), go_backwards)
    expected = [row * 9 + time for row, time in by_hand(mask, go_backwards)]
    assert packing.source.numpy().tolist() == expected
    lengths = np.sort(mask.sum(1))[::-1]
    assert packing.order.numpy()[packing.place.numpy()].tolist() == list(range(7))
    assert [int((lengths > s).sum()) for s in range(lengths[0])] == packing.sizes.numpy().tolist()


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("hold", [False, True])
def test_outputs_show_their_step_or_the_one_before(hold, go_backwards):
    mask = np.random.default_rng(0).random((7, 9)) < 0.5
    packing = pack_mask(tf.constant(mask), go_backwards, hold)
    steps = by_hand(mask, go_backwards)
    target, shown = packing.target.numpy().reshape(7, 9), packing.shown.numpy()
    for row in range(7):
        last = len(steps)
        for place in range(9):
            time = 8 - place if go_backwards else place
            own = steps.index((row, time)) if mask[row, time] else len(steps)
            last = own if mask[row, time] or not hold else last
            assert target[row, place] == last
            assert packing.sink.numpy()[row * 9 + time] == own
            if mask[row, time]:
                assert shown[own] == row * 9 + place
