"""Drawing of the topology that gives frames of a vector, without feeding any back."""

from zoo.topologies.drawings.caption import caption
from zoo.topologies.drawings.recurrence import ROW, pitch, recurrence, sequence, upwards
from zoo.topologies.drawings.registry import drawings
from zoo.topologies.drawings.shapes import Drawing


@drawings.register("one_to_frames")
def one_to_frames(settings: dict) -> Drawing:
    drawing, both = Drawing(), settings["bidirectional"]
    steps = sequence(drawing, 0.0, 0.0, "x, p", "input", distance=pitch(both), width=1.1)
    vector = drawing.box(steps[0].x - 2.2, -0.95, "$x$", "context")
    real = [box for box in steps if box.kind != "dots"]
    drawing.wire(vector.right(), (real[-1].x, -0.95))
    for box in real:
        drawing.arrow((box.x, -0.95), box, "context")
        if box is not real[-1]:
            drawing.dot((box.x, -0.95))
    layers = recurrence(drawing, steps, ROW, settings["num_layers"], both)
    upwards(drawing, layers.outputs, layers.top + ROW, "y", "$V$")
    drawing.caption = [
        caption("one_to_frames", settings),
        "$x$ enters at every step, beside $p_t$, which says how far the row is",
        "no output is fed back: as many frames as are asked for",
    ]
    return drawing
