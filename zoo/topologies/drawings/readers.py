"""Drawings of the topologies that read a sequence and give steps, a vector, or both."""

from zoo.topologies.drawings.caption import caption
from zoo.topologies.drawings.recurrence import (
    ROW,
    Layers,
    along,
    collect,
    pitch,
    recurrence,
    sequence,
    upwards,
)
from zoo.topologies.drawings.registry import drawings
from zoo.topologies.drawings.shapes import Drawing


def read(drawing: Drawing, settings: dict, join: bool = True, weights: bool = False) -> Layers:
    """Draws x_1 ... x_N and the recurrent layers above."""
    both = settings["bidirectional"]
    kind = "hidden" if settings.get("frame_shape") else "input"
    inputs = sequence(drawing, 0.0, 0.0, "x", kind, distance=pitch(both), width=0.95)
    layers = recurrence(
        drawing, inputs, ROW, settings["num_layers"], both, weights=weights, join=join
    )
    if settings.get("frame_shape"):
        frames = sequence(drawing, 0.0, -ROW, "f", "input", distance=pitch(both), width=0.95)
        for index, (frame, step) in enumerate(zip(frames, inputs, strict=True)):
            if step.kind != "dots":
                drawing.arrow(frame, step, label="" if index else "$K$")
    return layers


def _of_frames(settings: dict) -> list[str]:
    if not settings["frame_shape"]:
        return []
    count = len(settings["filters"])
    return [f"$x_t$: the maps of frame $f_t$ after {count} convolutions $K$"]


@drawings.register("recurrent_features")
def recurrent_features(settings: dict) -> Drawing:
    drawing = Drawing()
    read(drawing, settings, weights=True)
    drawing.caption = [
        caption("recurrent_features", settings),
        r"$h_t = f(U x_t + W h_{t-1} + b)$: the same $U, W, b$ at every step; no output",
    ]
    return drawing


@drawings.register("n_to_n")
def n_to_n(settings: dict) -> Drawing:
    drawing = Drawing()
    layers = read(drawing, settings, weights=True)
    outputs = upwards(drawing, layers.outputs, layers.top + ROW, "y", "$V$")
    last = r"$y_t = \mathrm{softmax}(V h_t + c)$: as many outputs as inputs"
    if settings["crf"]:
        along(drawing, outputs, kind="link")
        last = "conditional random field: the best of all sequences of tags"
    drawing.caption = [caption("n_to_n", settings), last, *_of_frames(settings)]
    return drawing


@drawings.register("n_to_one")
def n_to_one(settings: dict) -> Drawing:
    drawing, pooling = Drawing(), settings["pooling"]
    layers = read(drawing, settings, join=pooling != "last")
    vector = _collected(drawing, layers, pooling)
    output = drawing.box(vector.x, vector.y + ROW, "$y$", "output")
    drawing.arrow(vector, output, label="$V$")
    made = f"$c$: {_MADE[pooling]}"
    drawing.caption = [caption("n_to_one", settings), made, *_of_frames(settings)]
    return drawing


@drawings.register("joint")
def joint(settings: dict) -> Drawing:
    drawing, pooling = Drawing(), settings["pooling"]
    layers = read(drawing, settings)
    vector = _beside(drawing, layers, pooling)
    outputs = upwards(drawing, layers.outputs, layers.top + ROW + 0.5, "y")
    row = drawing.box(vector.x, layers.top + ROW + 0.5, "$y$", "output")
    drawing.arrow(vector, row)
    if settings["crf"]:
        along(drawing, outputs, kind="link")
    drawing.caption = [
        caption("joint", settings),
        f"an output $y_t$ at every step, and one $y$ of $c$: {_MADE[pooling]}",
    ]
    return drawing


@drawings.register("tagger")
def tagger(settings: dict) -> Drawing:
    drawing, pooling = Drawing(), settings["pooling"]
    layers = read(drawing, {**settings, "bidirectional": True})
    high = layers.top + ROW
    if settings["num_row_classes"]:
        high += 0.5
        vector = _beside(drawing, layers, pooling)
        row = drawing.box(vector.x, high, "$y$", "output")
        drawing.arrow(vector, row)
    outputs = upwards(drawing, layers.outputs, high, "y")
    if settings["crf"]:
        along(drawing, outputs, kind="link")
    drawing.caption = [
        caption("tagger", {**settings, "bidirectional": True}),
        "$x_t$: the word's embedding, and its letters read both ways",
    ]
    return drawing


_MADE = {
    "last": "the state where all has been read",
    "mean": "the mean of all $h$",
    "max": "the greatest of all $h$, number by number",
    "mean_max": "the mean of all $h$ and the greatest, number by number",
    "attention": r"$\Sigma_j\, a_j h_j$, attention of a learned query",
}


def _collected(drawing, layers, pooling):
    right = max(box.right()[0] for box in layers.last + tuple(layers.outputs))
    return collect(drawing, layers, pooling, right + 1.6)


def _beside(drawing, layers, pooling):
    """The vector of a sequence whose outputs also go up: its wire runs between two rows."""
    if pooling != "last":
        return _collected(drawing, layers, pooling)
    right = max(box.right()[0] for box in layers.outputs)
    vector = drawing.box(right + 1.6, layers.top, "$c$", "context")
    if len(layers.last) == 1:
        drawing.arrow(layers.last[0], vector, "context")
    else:
        # Forward and backward halves of the joined ones, where each has read everything.
        y = layers.top + 0.75
        first, last = layers.outputs[0], layers.outputs[-1]
        drawing.arrow(last, vector, "context")
        drawing.arrow(first.top(0.28), vector, "context", by=[(first.x + 0.28, y), (vector.x, y)])
    return vector
