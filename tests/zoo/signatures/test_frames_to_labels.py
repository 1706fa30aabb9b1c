"""Encoded clips to a label a frame: lengths, padding, both signatures."""

import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.signatures.frames_to_labels import FramesToLabels


@pytest.fixture(scope="module")
def module():
    tf.keras.utils.set_random_seed(0)
    model = zoo.build("n_to_n", num_classes=3, num_features=36, units=4, bidirectional=True)
    return FramesToLabels(model, ["a", "b", "c"], 6, 6)


@pytest.fixture(scope="module")
def clips():
    random = np.random.default_rng(0)
    made = [random.integers(0, 256, (length, 6, 6), dtype="uint8") for length in (4, 2, 3)]
    for clip in made:
        clip[:, [0, -1]] = clip[:, :, [0, -1]] = 0
    return made


def strip(clip):
    return tf.io.encode_png(clip.reshape(-1, 6, 1)).numpy()


def test_clips_of_several_lengths_are_answered_as_each_alone(module, clips):
    together = module.serving_default(tf.constant([strip(clip) for clip in clips]))
    assert together["length"].numpy().tolist() == [4, 2, 3]
    assert together["labels"].numpy()[1, 2:].tolist() == [b"", b""]
    assert not together["probabilities"].numpy()[1, 2:].any()
    for row, clip in enumerate(clips):
        alone = module.serving_default(tf.constant([strip(clip)]))
        assert alone["labels"][0].numpy().tolist() == (
            together["labels"][row, : len(clip)].numpy().tolist()
        )
        np.testing.assert_allclose(
            alone["probabilities"][0], together["probabilities"][row, : len(clip)], atol=1e-5
        )


def test_frames_and_their_film_strip_are_answered_alike(module, clips):
    padded = np.full((3, 4, 6, 6), 200, "uint8")
    for row, clip in enumerate(clips):
        padded[row, : len(clip)] = clip
    answer = module.frames(tf.constant(padded), tf.constant([4, 2, 3]))
    encoded = module.serving_default(tf.constant([strip(clip) for clip in clips]))
    assert answer["labels"].numpy().tolist() == encoded["labels"].numpy().tolist()
    np.testing.assert_allclose(answer["probabilities"], encoded["probabilities"], atol=1e-5)
