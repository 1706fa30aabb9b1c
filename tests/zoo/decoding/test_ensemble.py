import numpy as np
import pytest
import tensorflow as tf

from zoo.decoding import beam_search, ensemble
from zoo.errors import InputError


def test_probabilities_are_averaged(tiny):
    first, second = (tiny.Network(seed, num_tokens=5, batch=3) for seed in (71, 72))
    step = ensemble([first.step, second.step], weights=[3, 1])
    tokens = tf.constant([0, 1, 2])
    logits, state = step(
        tokens, (first.state(), second.state()), (first.tf_memory(), second.tf_memory())
    )
    for row in range(3):
        mean = sum(
            weight * np.exp(one.numpy_step(row, one.initial[row], row)[0])
            for weight, one in [(0.75, first), (0.25, second)]
        )
        np.testing.assert_allclose(tf.nn.softmax(logits[row]), mean, rtol=1e-4)
        np.testing.assert_allclose(tf.reduce_sum(tf.exp(logits[row])), 1, rtol=1e-5)
    tf.nest.assert_same_structure(state, (first.state(), second.state()))


def test_a_model_twice_decodes_as_the_model(tiny):
    network = tiny.Network(73, num_tokens=6, batch=4)
    settings = {"beam_width": 3, "start_id": 0, "stop_id": 5, "max_length": 7}
    state, memory = network.state(), network.tf_memory()
    alone = beam_search(
        network.step, state, memory, record=lambda state: state["alignment"], **settings
    )
    double = beam_search(
        ensemble([network.step] * 2), (state, state), (memory, memory),
        record=lambda states: states[0]["alignment"], **settings,
    )  # fmt: skip
    tf.nest.map_structure(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), alone, double
    )


@pytest.mark.parametrize(
    ("steps", "weights", "message"),
    [
        ([], None, "at least one step"),
        ([print], [1, 2], "give 1 positive"),
        ([print], [0], "positive"),
    ],
)
def test_bad_settings_are_refused(steps, weights, message):
    with pytest.raises(InputError, match=message):
        ensemble(steps, weights)


def test_states_and_memories_are_counted(tiny):
    network = tiny.Network(74, num_tokens=5)
    with pytest.raises(InputError, match="2 steps; it was given 1 states and 2 memories"):
        ensemble([network.step] * 2)(tf.constant([0]), (network.state(),), ((), ()))
