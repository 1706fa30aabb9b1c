"""clip_motion from a person's own clips to answers, on data that the test makes."""

import doctest
import io

import numpy as np
import pytest

import recipes
import zoo
from recipes.datasets import digit_motions as motions
from recipes.datasets.clips import film_strip
from recipes.datasets.digit_motions import MOTIONS, digit_motions, moved
from recipes.datasets.pictures import Labelled
from recipes.workbench.exporting import export
from zoo.errors import InputError
from zoo.serving import check_saved_model

TINY = {"units": 8, "warmup_steps": 0, "ema_momentum": None, "batch_size": 8}


def gif(frames) -> bytes:
    """An animated GIF, by another library than the one that reads it."""
    images = pytest.importorskip("PIL.Image")
    first, *others = [images.fromarray(frame) for frame in frames]
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others, optimize=False)
    return file.getvalue()


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder of clips in which a bar goes left or right: any frame of one may be the other's."""
    folder, random = tmp_path_factory.mktemp("own"), np.random.default_rng(0)
    for number in range(60):
        count = int(random.integers(4, 7))
        frames = np.zeros((count, 28, 28), "uint8")
        for frame, place in zip(frames, range(2, 28, 4), strict=False):
            frame[5:20, place : place + 4] = 255
        label = ("right", "left")[number % 2]
        (folder / label).mkdir(exist_ok=True)
        turned = frames if label == "right" else frames[::-1]
        file = folder / label / f"{number:02d}"
        if number % 3:
            file.with_suffix(".gif").write_bytes(gif(turned))
        else:
            file.with_suffix(".png").write_bytes(film_strip(turned))
    return folder


@pytest.fixture(scope="module")
def run(own, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clip_motion") / "run"
    return recipes.get("clip_motion").fit(folder, data=own, steps=50, learning_rate=2e-2, **TINY)


def test_it_learns_what_no_frame_alone_says(run):
    assert run.evaluate("test")["accuracy"] > 0.8
    plain = run.recipe.baselines(run.settings, run.examples("train"), run.examples("test"))
    assert set(plain) >= {"majority class", "last less first frame, nearest centroid of the pixels"}


def test_a_gif_is_answered_and_drawn(run, own, tmp_path):
    path = str(next((own / "left").glob("*.gif")))
    answer = run.answers(**run.recipe.inputs([path]))
    assert run.recipe.says(answer) == ["left"]
    assert run.recipe.lines([path], answer)[0].startswith(f"{path}\tleft\t0.")
    figure = pytest.importorskip("matplotlib.figure").Figure()
    run.recipe.draw(figure, path, answer)
    assert len(figure.axes) == 2
    (tmp_path / "clip.gif").write_bytes(b"GIF89a")
    with pytest.raises(InputError, match=r"clip\.gif: cannot be decoded"):
        run.recipe.inputs([str(tmp_path / "clip.gif")])


def test_exported_it_answers_as_the_run_does(run, tmp_path):
    assert check_saved_model(export(run, tmp_path)) == []
    (given, _), *_ = run.recipe.samples(run.examples("validation"), 1)
    loaded, kept = zoo.load(tmp_path / "clip_motion")([given]), run.answers(clip_bytes=[given])
    assert loaded["label"].tolist() == kept["label"].tolist()
    np.testing.assert_allclose(loaded["probabilities"], kept["probabilities"], atol=1e-5)


def test_clips_in_an_array_are_read_with_their_lengths(tmp_path):
    clips, read = np.full((20, 3, 28, 28), 7, "uint8"), recipes.get("clip_motion").recipe
    lengths = np.arange(20) % 3 + 1
    np.savez(tmp_path / "a.npz", clips=clips, labels=np.arange(20) % 2, lengths=lengths)
    found = [
        clip
        for part in ("train", "validation", "test")
        for clip in read.read(read.settings, tmp_path / "a.npz", part)
    ]
    assert sorted(len(clip.frames) for clip in found) == sorted(lengths)
    np.savez(tmp_path / "a.npz", clips=clips, labels=np.zeros(19))
    with pytest.raises(InputError, match=r"labels has the shape \[19\]; expected \[20\]"):
        read.read(read.settings, tmp_path / "a.npz", "train")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no clips in it; expected a folder"):
        read.read(read.settings, tmp_path / "empty", "train")


def test_a_picture_moves_as_its_label_says():
    """By moments: the middle of the ink, its spread, and the tilt of its longer axis."""
    bar = np.zeros((28, 28), "uint8")
    bar[4:24, 12:16] = 255
    clips = digit_motions([Labelled(bar, "1")], 120, seed=1)
    assert {clip.label for clip in clips} == set(MOTIONS)
    signs = {"left": (1, -1), "right": (1, 1), "up": (0, -1), "down": (0, 1)}
    signs |= {"grow": (2, 1), "shrink": (2, -1), "clockwise": (3, 1), "counterclockwise": (3, -1)}
    for clip in clips:
        kept = np.stack([moments(frame) for frame in clip.frames if frame.any()])
        changes = np.diff(kept, axis=0)
        changes[:, 3] = (changes[:, 3] + 90) % 180 - 90  # an axis has no head
        change = changes.sum(0)
        which, sign = signs[clip.label]
        assert np.sign(change[which]) == sign, clip.label


def moments(frame):
    weights = np.where(frame > 100, 1.0, 0.0)
    # What stands alone is noise.
    padded = np.pad(weights, 1)
    around = sum(np.roll(padded, (a, b), (0, 1)) for a in (-1, 0, 1) for b in (-1, 0, 1))
    weights *= around[1:-1, 1:-1] >= 4
    down, right = np.mgrid[:28, :28]
    total = weights.sum()
    y, x = (weights * down).sum() / total, (weights * right).sum() / total
    yy, xx = (weights * (down - y) ** 2).sum() / total, (weights * (right - x) ** 2).sum() / total
    xy = (weights * (down - y) * (right - x)).sum() / total
    tilt = np.rad2deg(0.5 * np.arctan2(2 * xy, xx - yy))
    return np.array([y, x, xx + yy, tilt])


def test_a_quarter_turn_is_numpys():
    picture = np.random.default_rng(0).integers(0, 256, (5, 5)).astype("uint8")
    places, degrees, sizes = np.zeros((3, 2)), np.array([0.0, 90.0, -90.0]), np.ones(3)
    found = moved(picture, places, degrees, sizes)
    for frame, turns in zip(found, (0, -1, 1), strict=True):
        np.testing.assert_array_equal(frame, np.rot90(picture, turns))
    shifted = moved(picture, np.array([[1.0, -2.0]]), np.zeros(1), np.ones(1))[0]
    expected = np.zeros_like(picture)
    expected[1:, :-2] = picture[:-1, 2:]
    np.testing.assert_array_equal(shifted, expected)


def test_examples_are_right():
    assert doctest.testmod(motions).failed == 0
