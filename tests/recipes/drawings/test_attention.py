"""What a model attends to, in a line and in a picture."""

import itertools

import numpy as np
import pytest

from recipes.drawings.attention import draw_attended, mark_attended


def test_marks_what_stands_out():
    weights = np.array([0.1, 0.55, 0.1, 0.25, 0.0])
    assert mark_attended(["a", "dull", "film", "."], weights) == "a [dull] film ."
    assert mark_attended([], weights) == ""
    assert mark_attended(["w"] * 5, np.ones(5) / 5, most=2) == "w w …"


def test_words_are_coloured_by_their_weight_and_stay_inside():
    figure = pytest.importorskip("matplotlib.figure").Figure(figsize=(7, 5))
    tokens = [f"${i}_word^" for i in range(50)]
    weights = np.arange(50) / np.arange(50).sum()
    draw_attended(figure, tokens, weights, ["yes", "no"], np.array([0.75, 0.25]))
    above, below = figure.axes
    assert [text.get_text() for text in above.texts] == tokens
    green = [text.get_bbox_patch().get_facecolor()[1] for text in above.texts]
    assert green == sorted(green, reverse=True) and green[0] == 1.0
    renderer = figure.canvas.get_renderer()
    frame = above.get_window_extent(renderer)
    boxes = [text.get_window_extent(renderer) for text in above.texts]
    assert all(box.x0 >= frame.x0 - 1 and box.x1 <= frame.x1 + 1 for box in boxes)
    for one, two in itertools.pairwise(boxes):
        assert one.x1 <= two.x0 or two.y1 <= one.y0 + 1
    assert [bar.get_width() for bar in below.patches] == [0.75, 0.25]
