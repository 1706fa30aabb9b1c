import numpy as np
import pytest
import tensorflow as tf

from zoo.decoding import greedy_search, read_prompt, sample, stream_step


@pytest.mark.parametrize("seed", [[1, 2], [[1, 2], [3, 4], [5, 6]]], ids=["one", "by row"])
def test_a_stream_is_what_sampling_draws(tiny, seed):
    network = tiny.Network(61, num_tokens=9, batch=3, sharpness=0.3)
    settings = {"seed": seed, "temperature": 0.9, "top_k": 6, "top_p": 0.9, "forbidden_ids": [2]}
    memory = network.tf_memory()
    whole = sample(
        network.step, network.state(), memory, start_id=0, stop_id=None, max_length=12, **settings
    )
    tokens, state, total = tf.zeros([3], tf.int32), network.state(), 0.0
    for index in range(12):
        tokens, log_probabilities, state, _ = stream_step(
            network.step, tokens, state, memory, index=index, **settings
        )
        np.testing.assert_array_equal(tokens, whole.tokens[:, index])
        total += log_probabilities
    np.testing.assert_allclose(total, whole.scores, rtol=1e-5)


def test_streams_that_began_at_different_times_share_a_batch(tiny):
    network = tiny.Network(62, num_tokens=9, batch=2, sharpness=0.3)
    seeds, memory = tf.constant([[1, 2], [3, 4]]), network.tf_memory()
    first = stream_step(
        network.step, [4, 4], network.state(), memory, index=tf.constant([5, 0]), seed=seeds
    )
    for row, index in enumerate([5, 0]):
        rows = slice(row, row + 1)
        alone = stream_step(
            network.step, [4], network.state(rows), network.tf_memory(rows), index=index,
            seed=seeds[rows],
        )  # fmt: skip
        assert int(alone.tokens[0]) == int(first.tokens[row])


@pytest.mark.parametrize("in_graph", [False, True])
def test_a_prompt_is_read_as_it_would_have_been_written(tiny, in_graph):
    network = tiny.Network(63, num_tokens=7, batch=4)
    arguments = network.step, network.state(), network.tf_memory()
    whole = greedy_search(*arguments, start_id=0, stop_id=None, max_length=10)
    lengths = [4, 0, 1, 6]
    prompts = np.where(np.arange(6) < np.array(lengths)[:, None], whole.tokens[:, :6], 0)
    read = tf.function(read_prompt) if in_graph else read_prompt
    last, state = read(*arguments, tf.constant(prompts), tf.constant(lengths), start_id=0)
    rest = greedy_search(
        network.step, state, network.tf_memory(), start_id=last, stop_id=None, max_length=4
    )
    for row, length in enumerate(lengths):
        np.testing.assert_array_equal(rest.tokens[row], whole.tokens[row, length : length + 4])
