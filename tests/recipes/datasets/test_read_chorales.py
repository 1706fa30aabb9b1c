"""Chorales as chords and as piano rolls."""

import json

import numpy as np
import pytest

from recipes.datasets.chorales import chords, piano_roll, read_chorales

SONGS = {"train": [[[74, 70, 66.0, 58.0], []], [[60]]], "valid": [[[21, 108]]], "test": []}


def test_reads_whole_sorted_notes(write):
    found = read_chorales(write(json.dumps(SONGS)))
    assert found == {
        "train": [[(58, 66, 70, 74), ()], [(60,)]],
        "valid": [[(21, 108)]],
        "test": [],
    }
    assert all(type(note) is int for note in found["train"][0][0])


def test_piano_roll_and_back():
    song = [(21, 60, 64, 108), (), (60,)]
    roll = piano_roll(song)
    expected = np.zeros((3, 88), np.float32)
    for step, note in ((0, 21), (0, 60), (0, 64), (0, 108), (2, 60)):
        expected[step, note - 21] = 1
    np.testing.assert_array_equal(roll, expected)
    assert roll.dtype == np.float32 and chords(roll) == song
    assert chords(roll * 0.4) == [(), (), ()] and chords(roll * 0.4, threshold=0.3) == song
    assert piano_roll([]).shape == (0, 88)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], ": expected a JSON object with train, valid, test"),
        ({"train": [], "test": []}, ": expected a JSON object with train, valid, test"),
        ({**SONGS, "test": [[[60], [60.5]]]}, ": test, chorale 0, step 1: the note 60.5, expected"),
        ({**SONGS, "valid": [[], [[109]]]}, ": valid, chorale 1, step 0: the note 109, expected a"),
    ],
)
def test_names_what_is_wrong(write, told, content, message):
    told(read_chorales, write(json.dumps(content)), message)
