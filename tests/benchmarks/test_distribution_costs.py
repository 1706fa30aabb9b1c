"""The calculation of a ring's cost, against a ring that is played through."""

import numpy as np
import pytest

from benchmarks.distribution import communication_seconds, scaling


def play_ring(workers, numbers, seconds_a_number, hop):
    """Sums one array over workers piece by piece, as a ring does; returns sums and time."""
    random = np.random.default_rng(0)
    held = random.normal(size=(workers, workers, numbers // workers))
    wanted, passed = held.sum(0), 0.0
    for turn in range(2 * (workers - 1)):
        # All send at once, so a turn takes as long as one of them.
        sent = [
            (w, (w - turn) % workers, held[w, (w - turn) % workers].copy()) for w in range(workers)
        ]
        for worker, piece, values in sent:
            after = (worker + 1) % workers
            held[after, piece] = held[after, piece] + values if turn < workers - 1 else values
        passed += hop + numbers // workers * seconds_a_number
    np.testing.assert_allclose(held, np.broadcast_to(wanted, held.shape))
    return passed


@pytest.mark.parametrize("workers", [2, 3, 8])
def test_a_ring_takes_what_is_calculated(workers):
    numbers, gigabits, hop = 24 * 1000, 2.0, 3e-5
    played = play_ring(workers, numbers, 4 * 8 / (gigabits * 1e9), hop)
    found = communication_seconds(workers, 4 * numbers, 0, gigabits, 1, hop)
    assert found == pytest.approx(played)


def test_what_is_gathered_goes_whole_to_every_other_worker():
    # 3 others' 2 MB at 1 MB a second.
    assert communication_seconds(4, 0, 2e6, 8e-3, 0) == pytest.approx(6.0)


def test_one_worker_waits_for_nobody():
    assert communication_seconds(1, 1e9, 1e9, 1, 5) == 0


def test_a_free_network_scales_and_a_slow_one_does_not():
    free = scaling(0.1, 0.0, 0.0, 0, 10)
    assert [row["speed_up"] for row in free] == [row["workers"] for row in free]
    slow = scaling(0.1, 1e9, 0.0, 1, 1)
    assert all(row["efficiency"] < 0.05 for row in slow[1:])
    for row in slow:
        assert row["efficiency"] == pytest.approx(row["speed_up"] / row["workers"])
        assert row["step_ms"] == pytest.approx(100 + row["communication_ms"])
