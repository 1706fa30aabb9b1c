"""The parts that most drawings share: a sequence, recurrent layers over it, one vector of all."""

import dataclasses
import itertools
from collections.abc import Sequence

from zoo.topologies.drawings.shapes import Box, Drawing

STEPS = ("1", "2", "3", None, "N")  # None stands for the steps that are not drawn
DRAWN_LAYERS = 3
ROW = 1.3  # from one row of boxes to the next
APART = r"\,{}"  # between an arrow over a letter and the layer's number
HALF = 0.28  # a direction's box stands so far from its step's middle


@dataclasses.dataclass
class Layers:
    """What `recurrence` drew.

    Attributes:
        outputs: The last layer's box of each step (of two directions the joined one, where drawn).
        first: The boxes of the first layer, step by step, in one direction.
        last: The box or boxes where the last layer has read everything: (h_N), or in two
            directions (forward h_N, backward h_1).
        ends: The same of every drawn layer, from below.
        starts: The boxes of every drawn layer's first state.
        top: Height of the last row.
    """

    outputs: list[Box]
    first: list[Box]
    last: tuple[Box, ...]
    ends: list[tuple[Box, ...]]
    starts: list[Box]
    top: float


def pitch(bidirectional: bool) -> float:
    """Returns the distance between two steps."""
    return 1.75 if bidirectional else 1.5


def sequence(
    drawing: Drawing,
    x: float,
    y: float,
    letter: str,
    kind: str,
    steps: Sequence[str | None] = STEPS,
    distance: float = 1.5,
    width: float = 0.8,
) -> list[Box]:
    """Draws letter_1 ... letter_N from x to the right; dots for what is left out."""
    return [
        drawing.ellipsis(x + distance * index, y)
        if step is None
        else drawing.box(x + distance * index, y, f"${letter}_{{{step}}}$", kind, width)
        for index, step in enumerate(steps)
    ]


def recurrence(
    drawing: Drawing,
    inputs: Sequence[Box],
    y: float,
    num_layers: int = 1,
    bidirectional: bool = False,
    letter: str = "h",
    weights: bool = False,
    join: bool = True,
    steps: Sequence[str | None] = STEPS,
) -> Layers:
    """Draws recurrent layers above their inputs, the lowest at height y.

    Args:
        drawing: Where.
        inputs: A box a step.
        y: Height of the first row.
        num_layers: number of layers; of more than three the first and the last are drawn, and dots
            between.
        bidirectional: Whether each layer has two directions.
        letter: What a state is called.
        weights: Whether U and W stand at the first transforms.
        join: Whether the last layer's two directions are joined.
        steps: What the steps are called.
    """
    shown = shown_layers(num_layers)
    boxes, made = list(inputs), Layers([], [], (), [], [], y)
    for place, layer in enumerate(shown):
        if layer is None:
            for box in boxes:
                if box.kind != "dots":
                    drawing.ellipsis(box.x, y - 0.35, upwards=True)
            boxes = [dataclasses.replace(box, y=y - 0.35, height=0.5) for box in boxes]
            y += 0.6
            continue
        mark = f"^{{({layer})}}" if num_layers > 1 else ""
        if bidirectional:
            closed = join or place < len(shown) - 1
            row, last, starts = _two_rows(drawing, boxes, y, (letter, mark), closed, steps)
            made.top = y + (2 * ROW if closed else ROW)
        else:
            row, last, starts = _one_row(
                drawing, boxes, y, (letter, mark), weights and not place, steps
            )
            made.top = y
            made.first = made.first or row
        made.ends.append(last)
        made.starts += starts
        boxes, y = row, made.top + ROW
    made.outputs, made.last = boxes, made.ends[-1]
    return made


def shown_layers(num_layers: int) -> list[int | None]:
    """Returns the layers that are drawn, from below; None stands for those between."""
    if num_layers <= DRAWN_LAYERS:
        return list(range(1, num_layers + 1))
    return [1, None, num_layers]


def _one_row(drawing, inputs, y, name, weights, steps):
    row = states(drawing, [box.x for box in inputs], y, "{}{}".format(*name), steps)
    start = drawing.box(row[0].x - 1.3, y, "${}{}_0$".format(*name), "zero", 0.7)
    for index, (below, box) in enumerate(zip(inputs, row, strict=True)):
        if "dots" not in (box.kind, below.kind):
            drawing.arrow(below, box, label="$U$" if weights and not index else "")
    along(drawing, [start, *row], "$W$" if weights else "")
    return row, (row[-1],), [start]


def _two_rows(drawing, inputs, y, name, join, steps):
    letter, mark = name
    apart = APART if mark else ""
    high = y + ROW
    places = [box.x for box in inputs]
    forward, backward = (
        states(
            drawing,
            [x + side for x in places],
            at,
            rf"\{accent}{{{letter}}}{apart}{mark}",
            steps,
            0.62,
        )
        for side, at, accent in ((-HALF, y, "overrightarrow"), (HALF, high, "overleftarrow"))
    )
    joined = []
    for index, below in enumerate(inputs):
        x = places[index]
        if steps[index] is None:
            joined.append(drawing.ellipsis(x, high + ROW) if join else below)
            continue
        drawing.arrow(below.top(-HALF), forward[index].bottom())
        drawing.arrow(below.top(HALF), backward[index].bottom())
        if join:
            text = f"${letter}{mark}_{{{steps[index]}}}$"
            joined.append(drawing.box(x, high + ROW, text, "hidden", 1.15))
            drawing.arrow(forward[index].top(), joined[-1].bottom(-HALF))
            drawing.arrow(backward[index].top(), joined[-1].bottom(HALF))
    along(drawing, forward)
    along(drawing, backward[::-1])
    return joined, (forward[-1], backward[0]), []


def states(
    drawing: Drawing,
    places: Sequence[float],
    y: float,
    letter: str,
    steps: Sequence[str | None] = STEPS,
    width: float = 0.8,
) -> list[Box]:
    """Draws a row of states at the given places, and dots for what is left out."""
    return [
        drawing.ellipsis(x, y)
        if step is None
        else drawing.box(x, y, f"${letter}_{{{step}}}$", "hidden", width)
        for x, step in zip(places, steps, strict=True)
    ]


def along(drawing: Drawing, boxes: Sequence[Box], label: str = "", kind: str = "transform") -> None:
    """Draws an arrow from each box to the next one; the label stands at the first."""
    for index, (box, following) in enumerate(itertools.pairwise(boxes)):
        drawing.arrow(box, following, kind, label="" if index else label)


def upwards(
    drawing: Drawing, below: Sequence[Box], y: float, letter: str, label: str = "", steps=STEPS
) -> list[Box]:
    """Draws an output above every step, at height y."""
    made = []
    for index, (box, step) in enumerate(zip(below, steps, strict=True)):
        if step is None:
            made.append(drawing.ellipsis(box.x, y))
            continue
        made.append(drawing.box(box.x, y, f"${letter}_{{{step}}}$", "output"))
        drawing.arrow(box, made[-1], label="" if index else label)
    return made


def collect(drawing: Drawing, layers: Layers, pooling: str, x: float) -> Box:
    """Draws the one vector of a sequence, right of it at x, and what it is made of.

    Args:
        drawing: Where.
        layers: The encoder; with pooling "last" of two directions drawn without the join.
        pooling: "last", or a transform of all steps, which then stands at the wire.
        x: Where the vector stands.
    """
    if pooling == "last" and len(layers.last) == 1:
        vector = drawing.box(x, layers.top, "$c$", "context")
        drawing.arrow(layers.last[0], vector, "context")
        return vector
    y = layers.top + 0.85
    if pooling == "last":
        forward, backward = layers.last
        vector = drawing.box(x, y, "$c$", "context")
        drawing.arrow(backward, vector, "context", by=[(backward.x, y)])
        drawing.arrow(forward, vector, "context", by=[(x, forward.y)])
        return vector
    vector = drawing.box(x, y, "$c$", "context")
    real = [box for box in layers.outputs if box.kind != "dots"]
    drawing.arrow((real[0].x, y), vector, "context")
    for box in real:
        drawing.wire(box.top(), (box.x, y))
        if box is not real[0]:
            drawing.dot((box.x, y))
    drawing.note((real[-1].x + vector.left()[0]) / 2, y + 0.22, pooling)
    return vector
