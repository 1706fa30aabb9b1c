"""A graph is ended from another thread, and no other graph with it."""

import threading
import time

import pytest
import tensorflow as tf
from tensorflow.python.eager import cancellation

from zoo.serving.interruption import Interruption


@tf.function(input_signature=[tf.TensorSpec([], tf.int64)])
def loop(turns):
    state = (tf.constant(0, tf.int64), tf.zeros([]))
    return tf.while_loop(lambda i, _: i < turns, lambda i, x: (i + 1, tf.sin(x) + 1.0), state)[1]


def run_guarded(interruption, turns, outcome):
    try:
        with interruption.guard():
            outcome.append(float(loop(tf.constant(turns, tf.int64))))
    except tf.errors.CancelledError:
        outcome.append("interrupted")


def test_an_endless_loop_ends_and_its_neighbours_go_on():
    endless, other = Interruption(), Interruption()
    first, second = [], []
    threads = [
        threading.Thread(target=run_guarded, args=(endless, 10**12, first)),
        threading.Thread(target=run_guarded, args=(other, 200_000, second)),
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    endless.interrupt()
    # A call without a guard, beside them.
    alone = float(loop(tf.constant(3, tf.int64)))
    for thread in threads:
        thread.join(60)
    assert first == ["interrupted"]
    assert second == [float(loop(tf.constant(200_000, tf.int64)))]
    assert alone == float(loop(tf.constant(3, tf.int64)))
    assert endless.interrupted and not other.interrupted
    assert cancellation.context() is None


def test_what_begins_after_the_interruption_does_not_run():
    interruption = Interruption()
    interruption.interrupt()
    outcome = []
    run_guarded(interruption, 10**12, outcome)
    assert outcome == ["interrupted"]


@pytest.mark.parametrize("turns", [0, 5])
def test_a_guard_changes_no_result(turns):
    outcome = []
    run_guarded(Interruption(), turns, outcome)
    assert outcome == [float(loop(tf.constant(turns, tf.int64)))]
