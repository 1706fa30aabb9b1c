"""Clips of moving digits: what each frame may show, and that they are those of the seed."""

import numpy as np
import pytest

from recipes.datasets.moving_digits import FRAMES, STAY, moving_digits
from recipes.datasets.pictures import Labelled


@pytest.fixture(scope="module")
def pictures():
    """A block of 10 by 6 for each of three labels, of one brightness each."""
    made = []
    for index, label in enumerate("abc"):
        picture = np.zeros((28, 28), "uint8")
        picture[9:19, 11:17] = 100 + 50 * index
        made.append(Labelled(picture, label))
    return made


@pytest.fixture(scope="module")
def clips(pictures):
    return moving_digits(pictures, 40, seed=3)


def test_clips_have_a_label_for_each_frame(clips):
    lengths = {len(clip.labels) for clip in clips}
    assert all(clip.frames.shape == (len(clip.labels), 28, 28) for clip in clips)
    assert min(lengths) >= FRAMES[0] and max(lengths) <= FRAMES[1] and len(lengths) > 4


def test_a_digit_stays_for_a_while_and_another_label_follows(clips):
    for clip in clips:
        starts = [0] + [
            t for t in range(1, len(clip.labels)) if clip.labels[t] != clip.labels[t - 1]
        ]
        stays = np.diff([*starts, len(clip.labels)])
        assert stays.max() <= STAY[1] and (stays[:-1] >= STAY[0]).all()


def test_the_first_frame_of_a_digit_shows_it_whole(clips):
    for clip in clips:
        for t, label in enumerate(clip.labels):
            if t and clip.labels[t - 1] == label:
                continue
            brightness = 100 + 50 * "abc".index(label)
            shown = clip.frames[t] == brightness
            # Two per cent are noise.
            assert shown.sum() > 0.8 * 60
            rows, columns = np.flatnonzero(shown.sum(1) > 2), np.flatnonzero(shown.sum(0) > 3)
            assert rows[-1] - rows[0] == 9 and columns[-1] - columns[0] == 5


def test_each_trouble_comes_in_its_share(clips):
    frames = np.concatenate([clip.frames for clip in clips])
    empty = (frames.max((1, 2)) == 0).mean()
    noisy = (np.isin(frames, [0, 100, 150, 200], invert=True).mean((1, 2)) > 0.1).mean()
    # A sixth of the frames are the first of a digit and spared.
    for share in (empty, noisy):
        assert 0.05 < share < 0.16


def test_digits_move(clips):
    centres = []
    for clip in clips:
        for t in range(1, len(clip.labels)):
            pair = clip.frames[t - 1 : t + 1]
            if clip.labels[t] == clip.labels[t - 1] and (pair > 99).sum((1, 2)).min() > 50:
                rows = [np.average(np.arange(28), weights=(f > 99).sum(1)) for f in pair]
                centres.append(abs(rows[1] - rows[0]))
    assert np.mean(centres) > 0.3 and np.median(centres) < 2.5


def test_clips_are_those_of_the_seed(pictures, clips):
    again, other = moving_digits(pictures, 2, seed=3), moving_digits(pictures, 1, seed=4)
    for one, same in zip(clips, again, strict=False):
        np.testing.assert_array_equal(one.frames, same.frames)
        assert one.labels == same.labels
    assert other[0].labels != again[0].labels or (other[0].frames != again[0].frames).any()
