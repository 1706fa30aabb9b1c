"""Drawing of the recurrence over a picture in four directions."""

import itertools

from zoo.topologies.drawings.caption import caption
from zoo.topologies.drawings.registry import drawings
from zoo.topologies.drawings.shapes import Box, Drawing


@drawings.register("grid_rnn")
def grid_rnn(settings: dict) -> Drawing:
    drawing = Drawing()
    _places(drawing, 0.0, "input")
    below = "patches of the picture"
    if settings["kernel_size"] is not None:
        _window(drawing)
        below = "windows of a convolution"
    drawing.note(_middle(0.0), -1.0, below)
    corners = settings["cell"] == "grid_lstm"
    far = _four_corners(drawing) if corners else _four_lines(drawing)
    edge = far + WIDTH - 0.45
    vector = drawing.box(edge + 1.9, HEIGHT, "$c$", "context")
    drawing.arrow((edge, HEIGHT), vector, "context", label=settings["pooling"])
    output = drawing.box(edge + 3.6, HEIGHT, "$y$", "output")
    drawing.arrow(vector, output)
    again = settings["num_layers"]
    what = "four recurrences: two over every column, and of what they give two over every row"
    if corners:
        what = "four recurrences, one from each corner: a place reads two neighbours at once"
    drawing.caption = [
        caption("grid_rnn", settings),
        what + (f"; {again} times, one on another" if again > 1 else ""),
    ]
    return drawing


SIDE = 4  # places drawn in each direction
PLACE = 1.0
WIDTH = SIDE * PLACE
HEIGHT = (SIDE - 1) * PLACE / 2


def _middle(x: float) -> float:
    return x + (SIDE - 1) * PLACE / 2


def _places(drawing: Drawing, x: float, kind: str) -> list[list[Box]]:
    """Boxes of a grid by row, from above."""
    return [
        [drawing.box(x + PLACE * c, PLACE * (SIDE - 1 - r), "", kind, 0.66) for c in range(SIDE)]
        for r in range(SIDE)
    ]


def _window(drawing):
    """Frames the 3 x 3 places in the upper left, which the place in their middle reads."""
    left, top = -PLACE / 2, (SIDE - 0.5) * PLACE
    right, bottom = left + 3 * PLACE, top - 3 * PLACE
    drawing.wire((left, top), (right, top), (right, bottom), (left, bottom), (left, top))


def _four_lines(drawing):
    far = 0.0
    for words, draw in (("down and up", _down_and_up), ("right and left", _right_and_left)):
        _onwards(drawing, far)
        far += WIDTH + 1.15
        draw(drawing, far)
        drawing.note(_middle(far), -1.0, words)
    return far


def _four_corners(drawing):
    _onwards(drawing, 0.0)
    first, last = WIDTH + 1.15, 2 * (WIDTH + 1.15)
    for x, words, order in ((first, "from the upper left", 1), (last, "from the lower right", -1)):
        rows = _places(drawing, x, "hidden")
        lines = [*rows, *map(list, zip(*rows, strict=True))]
        for line in lines:
            for one, other in itertools.pairwise(line[::order]):
                drawing.arrow(one, other)
        drawing.note(_middle(x), -1.0, words)
    drawing.ellipsis(last - 1.0, HEIGHT)
    return last


def _onwards(drawing, x):
    drawing.arrow((x + WIDTH - 0.45, HEIGHT), (x + WIDTH + 0.55, HEIGHT))


def _down_and_up(drawing, x):
    rows = _places(drawing, x, "hidden")
    for above, below in itertools.pairwise(rows):
        for one, other in zip(above, below, strict=True):
            drawing.arrow(one.bottom(-0.16), other.top(-0.16))
            drawing.arrow(other.top(0.16), one.bottom(0.16))


def _right_and_left(drawing, x):
    for row in _places(drawing, x, "hidden"):
        for one, other in itertools.pairwise(row):
            (ax, ay), (bx, by) = one.right(), other.left()
            drawing.arrow((ax, ay + 0.14), (bx, by + 0.14))
            drawing.arrow((bx, by - 0.14), (ax, ay - 0.14))
