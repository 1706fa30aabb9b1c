"""What a decoder is fed and what it is to say."""

import tensorflow as tf

from zoo.text import fed_and_wanted


def test_the_second_is_the_first_one_step_on():
    tokens = tf.RaggedTensor.from_row_lengths(tf.constant([5, 6, 7, 8]), [3, 0, 1])
    fed, wanted = fed_and_wanted(tokens)
    assert fed.numpy().tolist() == [[2, 5, 6, 7], [2, 0, 0, 0], [2, 8, 0, 0]]
    assert wanted.numpy().tolist() == [[5, 6, 7, 3], [3, 0, 0, 0], [8, 3, 0, 0]]
