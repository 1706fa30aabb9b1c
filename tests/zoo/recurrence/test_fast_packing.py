import numpy as np
import pytest
import tensorflow as tf

from zoo.recurrence.fast_packing import pack_mask


def by_hand(mask, go_backwards, num_lanes=1):
    """The packed steps as (row, time), found by walking."""
    walks = [[(row, time) for time in np.flatnonzero(steps)] for row, steps in enumerate(mask)]
    if go_backwards:
        walks = [walk[::-1] for walk in walks]
    walks.sort(key=len, reverse=True)
    steps = []
    for lane in range(num_lanes):
        longest = len(walks[0]) if walks else 0
        for step in range(longest):
            steps += [walk[step] for walk in walks[lane::num_lanes] if step < len(walk)]
    return steps


@pytest.mark.parametrize("num_lanes", [1, 2, 3])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_packs_the_valid_steps_longest_row_first(share, go_backwards, num_lanes):
    mask = np.random.default_rng(0).random((7, 9)) < share
    packing = pack_mask(tf.constant(mask), go_backwards, num_lanes=num_lanes)
    expected = [row * 9 + time for row, time in by_hand(mask, go_backwards, num_lanes)]
    assert packing.source.numpy().tolist() == expected
    order = np.concatenate(packing.order)
    assert order[packing.place.numpy()].tolist() == list(range(7))
    for rows, sizes in zip(packing.order, packing.sizes, strict=True):
        lengths = mask.sum(1)[rows.numpy()]
        assert lengths.tolist() == sorted(lengths, reverse=True)
        alive = [int((lengths > step).sum()) for step in range(mask.sum(1).max())]
        assert alive == sizes.numpy().tolist()


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("hold", [False, True])
@pytest.mark.parametrize("num_lanes", [1, 2])
def test_outputs_show_their_step_or_the_one_before(num_lanes, hold, go_backwards):
    mask = np.random.default_rng(0).random((7, 9)) < 0.5
    packing = pack_mask(tf.constant(mask), go_backwards, hold, num_lanes)
    steps = by_hand(mask, go_backwards, num_lanes)
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
