"""Pictures decoded and brought into MNIST's form, against NumPy and what was drawn."""

import numpy as np
import pytest
import tensorflow as tf

from zoo.images.pictures import (
    LUMINANCE,
    brightness,
    decode_clip,
    decode_picture,
    paper_brightness,
    standardise,
    standardise_clip,
)

SIDE = 28


def drawing(height=90, width=70, top=10, left=5, paper=1.0, ink=0.0):
    """An L: its box is 40 by 20 with 6 pixels of stroke."""
    picture = np.full((height, width), paper, "float32")
    picture[top : top + 40, left : left + 6] = ink
    picture[top + 34 : top + 40, left : left + 20] = ink
    return picture


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_brightness_of_every_kind_of_pixel(channels):
    pixels = np.random.default_rng(channels).integers(0, 256, (5, 4, channels), dtype="uint8")
    x = pixels / 255.0
    grey = x[..., :3] @ np.array(LUMINANCE) if channels > 2 else x[..., 0]
    alpha = x[..., -1] if channels % 2 == 0 else np.ones(x.shape[:2])
    expected = grey * alpha + (1 - alpha)
    np.testing.assert_allclose(brightness(tf.constant(pixels)), expected, atol=1e-6)


def test_png_and_jpeg_are_decoded():
    pixels = np.zeros((16, 24, 3), "uint8")
    pixels[:, 12:] = 255
    for encoded in (tf.io.encode_png(pixels), tf.io.encode_jpeg(pixels, quality=100)):
        bright = decode_picture(encoded).numpy()
        assert bright.shape == (16, 24)
        np.testing.assert_allclose(bright[:, :10], 0, atol=0.05)
        np.testing.assert_allclose(bright[:, 14:], 1, atol=0.05)


def test_the_paper_is_the_median_of_the_edge():
    picture = drawing(paper=0.7, top=0, left=0)
    assert float(paper_brightness(tf.constant(picture))) == pytest.approx(0.7)


def test_a_picture_of_the_right_size_keeps_its_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), dtype="uint8")
    pixels[[0, -1]] = pixels[:, [0, -1]] = 0
    bright = tf.constant(pixels / 255, tf.float32)
    np.testing.assert_array_equal(standardise(bright, SIDE, SIDE), pixels)
    np.testing.assert_array_equal(standardise(1 - bright, SIDE, SIDE), pixels)


def test_a_drawing_fills_twenty_pixels_around_its_centre_of_mass():
    seen = standardise(tf.constant(drawing()), SIDE, SIDE).numpy().astype(float)
    rows, columns = (np.flatnonzero(seen.max(axis) > 100) for axis in (1, 0))
    assert rows[-1] - rows[0] + 1 == 20 and columns[-1] - columns[0] + 1 == 10
    for axis in (0, 1):
        mass = seen.sum(1 - axis)
        assert abs((mass * np.arange(SIDE)).sum() / mass.sum() - (SIDE - 1) / 2) <= 0.6


def test_place_colours_and_size_do_not_matter():
    expected = standardise(tf.constant(drawing()), SIDE, SIDE).numpy()
    for other in (
        drawing(top=40, left=45),
        drawing(paper=0.0, ink=1.0),
        drawing(paper=0.8, ink=0.3),
        drawing(200, 250, 50, 150),
    ):
        seen = standardise(tf.constant(other), SIDE, SIDE).numpy()
        np.testing.assert_allclose(seen.astype(int), expected, atol=1)
    large = np.kron(drawing(), np.ones((10, 10), "float32"))
    difference = standardise(tf.constant(large), SIDE, SIDE).numpy().astype(int) - expected
    assert np.abs(difference).mean() < 6


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("shape", [(1, 1), (50, 40), (SIDE, SIDE)])
def test_an_even_sheet_is_empty(level, shape):
    if level == 0.5 and shape == (SIDE, SIDE):
        pytest.skip("pixels of the right size are kept")
    assert not standardise(tf.fill(shape, level), SIDE, SIDE).numpy().any()


def test_a_film_strip_is_its_frames():
    frames = np.random.default_rng(0).integers(0, 256, (3, 8, 8), dtype="uint8")
    strip = np.concatenate([frames.reshape(-1, 8), np.zeros((5, 8), "uint8")])
    decoded = decode_clip(tf.io.encode_png(strip[..., None])).numpy()
    np.testing.assert_allclose(decoded, frames / 255, atol=1e-6)


def test_a_gif_is_its_frames(tmp_path):
    image = pytest.importorskip("PIL.Image")
    frames = np.zeros((3, 12, 10), "uint8")
    for time in range(3):
        frames[time, 2 + 3 * time : 5 + 3 * time, 4:7] = 255
    pictures = [image.fromarray(frame) for frame in frames]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:])
    decoded = decode_clip(tf.constant((tmp_path / "a.gif").read_bytes())).numpy()
    np.testing.assert_allclose(decoded, frames / 255, atol=0.01)
    seen = standardise_clip(tf.constant(1 - decoded), 24, 24).numpy()
    # Twice the size, with two columns of black at either side to make it square.
    assert seen.shape == (3, 24, 24) and not seen[:, :, :2].any()
    centres = [np.average(np.arange(24), weights=frame.sum(1)) for frame in seen]
    np.testing.assert_allclose(centres, [6.5, 12.5, 18.5], atol=0.2)


def test_a_wide_picture_is_no_film_strip():
    with pytest.raises(tf.errors.InvalidArgumentError, match="below each other"):
        decode_clip(tf.io.encode_png(np.zeros((4, 9, 1), "uint8")))
