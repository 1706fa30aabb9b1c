"""digit_captions: the strips, and a run on a person's own file."""

import numpy as np
import pytest
import tensorflow as tf

import recipes
from recipes.datasets.digit_strips import HEIGHT, NAMES, WIDTH, digit_strips
from recipes.datasets.pictures import Labelled
from zoo.errors import InputError

TINY = {"units": 8, "embedding_dim": 4, "batch_size": 8, "warmup_steps": 0}


def digits():
    """Ten pictures, a block of its own brightness for each digit."""
    pictures = []
    for number in range(10):
        picture = np.zeros((28, 28), "uint8")
        picture[6:22, 8:20] = 20 * (number + 1)
        pictures.append(Labelled(picture, str(number)))
    return pictures


def test_a_strip_shows_its_caption_from_left_to_right():
    strips = digit_strips(digits(), 60, seed=5)
    assert {len(strip.caption.split()) for strip in strips} == {1, 2, 3, 4, 5}
    for strip in strips:
        columns = strip.picture.max(0)
        seen = [int(v) for i, v in enumerate(columns) if v and (i == 0 or columns[i - 1] == 0)]
        assert [NAMES[v // 20 - 1] for v in seen] == strip.caption.split()


def test_strips_are_a_function_of_the_seed_and_their_place():
    few, many = digit_strips(digits(), 3, seed=1), digit_strips(digits(), 5, seed=1)
    for a, b in zip(few, many, strict=False):
        assert a.caption == b.caption and np.array_equal(a.picture, b.picture)
    other = digit_strips(digits(), 3, seed=2)
    assert any(a.caption != b.caption for a, b in zip(few, other, strict=True))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("captions")
    strips = digit_strips(digits(), 40, seed=0)
    np.savez(
        folder / "own.npz",
        images=np.stack([strip.picture for strip in strips]),
        captions=np.array([strip.caption for strip in strips]),
    )
    return recipes.get("digit_captions").fit(
        folder / "run", data=folder / "own.npz", steps=4, **TINY
    )


@pytest.mark.slow
def test_encoded_pictures_are_answered_as_pixels(run):
    (strip,) = digit_strips(digits(), 1, seed=9)
    png = tf.io.encode_png(strip.picture[..., None]).numpy()
    negative = tf.io.encode_png(255 - strip.picture[..., None]).numpy()
    encoded = run.answers(image_bytes=[png, negative])
    pixels = run.answers("pixels", image=strip.picture[None])
    for row in (0, 1):
        assert encoded["n_best"][row].tolist() == pixels["n_best"][0].tolist()
        np.testing.assert_allclose(
            encoded["n_best_scores"][row], pixels["n_best_scores"][0], atol=1e-5
        )
    assert run.answers(image_bytes=[png], max_length=0)["text"][0] == b""


@pytest.mark.slow
def test_measures(run):
    measured = run.evaluate("validation")
    assert measured["strips"] == 4
    assert 0 <= measured["exact_match"] <= 1 and measured["word_error_rate"] >= 0


def test_bad_files_are_named(tmp_path):
    fit = recipes.get("digit_captions").fit
    np.savez(tmp_path / "a.npz", images=np.zeros((3, 9, 9), "uint8"), captions=["a", "b", "c"])
    with pytest.raises(InputError, match=rf"expected uint8 \[count, {HEIGHT}, {WIDTH}\]"):
        fit(tmp_path / "run", data=tmp_path / "a.npz")
    images = np.zeros((3, HEIGHT, WIDTH), "uint8")
    np.savez(tmp_path / "b.npz", images=images, captions=["one", " ", "two"])
    with pytest.raises(InputError, match="caption 1 is empty"):
        fit(tmp_path / "run", data=tmp_path / "b.npz")
