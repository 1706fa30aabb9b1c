"""Drawing of the reader that looks back at a story several times."""

from zoo.topologies.drawings.caption import caption
from zoo.topologies.drawings.readers import read
from zoo.topologies.drawings.recurrence import ROW
from zoo.topologies.drawings.registry import drawings
from zoo.topologies.drawings.shapes import Drawing

SHOWN_HOPS = 4


@drawings.register("reading_comprehension")
def reading_comprehension(settings: dict) -> Drawing:
    drawing = Drawing()
    layers = read(drawing, settings)
    hidden = [box for box in layers.outputs if box.kind != "dots"]
    bus, looks, minds = layers.top + 0.75, layers.top + ROW + 0.3, layers.top + 2 * ROW + 0.3
    hops = min(settings["num_hops"], SHOWN_HOPS)
    left = hidden[0].x
    apart = (hidden[-1].x - left) / max(hops, 1)
    question = drawing.box(left - 1.6, minds, "$q$", "input")
    before = drawing.box(left, minds, "$m_0$", "hidden")
    drawing.arrow(question, before)
    for box in hidden:
        drawing.wire(box.top(), (box.x, bus))
        drawing.dot((box.x, bus))
    for hop in range(1, hops + 1):
        x = left + apart * hop
        context = drawing.box(x, looks, f"$c_{{{hop}}}$", "context")
        drawing.arrow((x, bus), context, "context", label="attention" if hop == hops else "")
        mind = drawing.box(x, minds, f"$m_{{{hop}}}$", "hidden")
        drawing.arrow(before, mind)
        drawing.arrow(context, mind, "context")
        # What has been found so far asks for the next look.
        drawing.arrow(before, context, "context")
        before = mind
    drawing.wire((hidden[0].x, bus), (max(hidden[-1].x, before.x), bus))
    output = drawing.box(before.x + 1.6, minds, "$y$", "output")
    drawing.arrow(before, output)
    drawing.arrow(question, output, by=[(question.x, minds + 0.9), (output.x, minds + 0.9)])
    drawing.caption = [
        caption("reading_comprehension", settings),
        "$x_t$: sentence $t$ and the question $q$, each read by an RNN over words",
        f"{settings['num_hops']} looks; each asks with what those before it found",
    ]
    return drawing
