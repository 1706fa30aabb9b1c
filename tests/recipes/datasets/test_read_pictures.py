"""Pictures and clips of a person's own: what is read, and how what is wrong is named."""

import numpy as np
import pytest
import tensorflow as tf

from recipes.datasets.clips import encoded_clip, film_strip, read_clips
from recipes.datasets.pictures import read_labelled_pictures
from zoo.errors import InputError


def bar(side, paper=0):
    picture = np.full((side, side), paper, "uint8")
    picture[side // 4 : 3 * side // 4, side // 2 - 1 : side // 2 + 1] = 255 - paper
    return picture


def test_a_folder_of_pictures_by_label(tmp_path):
    for label, size in (("yes", 28), ("no", 100)):
        (tmp_path / label).mkdir()
        for number, paper in enumerate((0, 255)):
            encoded = tf.io.encode_png(bar(size, paper)[..., None]).numpy()
            (tmp_path / label / f"{number}.png").write_bytes(encoded)
        (tmp_path / label / "notes.txt").write_text("not a picture")
    read = read_labelled_pictures(tmp_path, 28, 28)
    assert [example.label for example in read] == ["no", "no", "yes", "yes"]
    np.testing.assert_array_equal(read[0].picture, read[1].picture)
    np.testing.assert_array_equal(read[2].picture, bar(28))
    np.testing.assert_array_equal(read[3].picture, bar(28))


def test_arrays_of_pictures_in_grey_and_colour(tmp_path):
    images = np.stack([bar(28), bar(28, 255), np.zeros((28, 28), "uint8")])
    np.savez(tmp_path / "grey.npz", images=images, labels=[3, 4, 3])
    np.savez(tmp_path / "colour.npz", images=np.stack([images] * 3, -1), labels=["3", "4", "3"])
    grey, colour = (
        read_labelled_pictures(tmp_path / f"{n}.npz", 28, 28) for n in ("grey", "colour")
    )
    assert [example.label for example in grey] == ["3", "4", "3"]
    for one, other in zip(grey, colour, strict=True):
        np.testing.assert_array_equal(one.picture, other.picture)
        assert one.label == other.label
    np.testing.assert_array_equal(grey[1].picture, images[0])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"labels": [1]}, "no array 'images'"),
        ({"images": np.zeros((2, 4, 4)), "labels": [1, 2]}, "float64"),
        ({"images": np.zeros((2, 4), "uint8"), "labels": [1, 2]}, r"\[2, 4\]"),
        ({"images": np.zeros((2, 4, 4), "uint8"), "labels": [1]}, r"labels has the shape \[1\]"),
        ({"images": np.zeros((2, 4, 4), "uint8"), "labels": [1, 1]}, "1 different labels"),
        ({"images": np.zeros((2, 4, 4, 5), "uint8"), "labels": [1, 2]}, "5 colours"),
    ],
)
def test_what_is_wrong_with_arrays_is_named(tmp_path, arrays, message):
    np.savez(tmp_path / "own.npz", **arrays)
    with pytest.raises(InputError, match=message) as error:
        read_labelled_pictures(tmp_path / "own.npz", 28, 28)
    assert "own.npz" in str(error.value)


def test_broken_files_are_named(tmp_path):
    (tmp_path / "own.npz").write_bytes(b"no arrays")
    with pytest.raises(InputError, match=r"own.npz: .*images and labels"):
        read_labelled_pictures(tmp_path / "own.npz", 28, 28)
    with pytest.raises(InputError, match="No such file"):
        read_labelled_pictures(tmp_path / "none.npz", 28, 28)
    (tmp_path / "folder" / "a").mkdir(parents=True)
    with pytest.raises(InputError, match="no pictures in it"):
        read_labelled_pictures(tmp_path / "folder", 28, 28)
    (tmp_path / "folder" / "a" / "bad.png").write_bytes(b"\x89PNG broken")
    with pytest.raises(InputError, match=r"bad.png: cannot be decoded"):
        read_labelled_pictures(tmp_path / "folder", 28, 28)


def test_clips_with_and_without_lengths(tmp_path):
    clips = np.stack([[bar(14), bar(14, 255), bar(14)], [bar(14)] * 3])
    labels = [["a", "b", "a"], ["b", "b", "b"]]
    np.savez(tmp_path / "own.npz", clips=clips, labels=labels, lengths=[3, 2])
    read = read_clips(tmp_path / "own.npz", 14, 14)
    assert [clip.labels for clip in read] == [["a", "b", "a"], ["b", "b"]]
    np.testing.assert_array_equal(read[0].frames, clips[0])
    assert read_clips(tmp_path / "own.npz", 28, 28)[1].frames.shape == (2, 28, 28)
    np.savez(tmp_path / "own.npz", clips=clips, labels=labels)
    assert [len(clip.labels) for clip in read_clips(tmp_path / "own.npz", 14, 14)] == [3, 3]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"clips": np.zeros((2, 3, 4, 4)), "labels": np.zeros((2, 3))}, "float64"),
        ({"clips": np.zeros((2, 3, 4, 4), "uint8"), "labels": np.zeros((2, 4))}, "one a frame"),
        (
            {
                "clips": np.zeros((2, 3, 4, 4), "uint8"),
                "labels": np.zeros((2, 3)),
                "lengths": [0, 3],
            },
            "whole numbers from 1 to 3",
        ),
    ],
)
def test_what_is_wrong_with_clips_is_named(tmp_path, arrays, message):
    np.savez(tmp_path / "own.npz", **arrays)
    with pytest.raises(InputError, match=message):
        read_clips(tmp_path / "own.npz", 4, 4)


def test_a_clip_in_a_file_is_its_film_strip(tmp_path):
    frames = np.stack([bar(8), bar(8)])
    np.save(tmp_path / "clip.npy", frames)
    assert encoded_clip(tmp_path / "clip.npy") == film_strip(frames)
    np.save(tmp_path / "clip.npy", frames[:, :4])
    with pytest.raises(InputError, match=r"clip.npy: uint8 \[2, 4, 8\]; expected a clip"):
        encoded_clip(tmp_path / "clip.npy")
