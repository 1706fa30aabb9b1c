"""Drawing of the sequence in which every step is a gap."""

from zoo.topologies.drawings.caption import caption
from zoo.topologies.drawings.recurrence import (
    APART,
    HALF,
    ROW,
    along,
    pitch,
    sequence,
    shown_layers,
    states,
)
from zoo.topologies.drawings.registry import drawings
from zoo.topologies.drawings.shapes import Drawing

STEPS = ("1", "2", "3", "4", None, "N")


@drawings.register("cloze")
def cloze(settings: dict) -> Drawing:
    drawing, num_layers = Drawing(), settings["num_layers"]
    ways = [("overrightarrow", -HALF, 1)]
    ways += [("overleftarrow", HALF, -1)] if settings["bidirectional"] else []
    inputs = sequence(drawing, 0.0, 0.0, "x", "input", STEPS, pitch(True), 0.95)
    places, y, tops = [box.x for box in inputs], 0.0, []
    for accent, side, order in ways:
        below = None
        for layer in shown_layers(num_layers):
            y += ROW if layer else 0.9
            at = [x + side for x in places]
            if layer is None:
                for x, step in zip(at, STEPS, strict=True):
                    if step:
                        drawing.ellipsis(x, y, upwards=True)
                below = None
                continue
            mark = f"^{{({layer})}}" if num_layers > 1 else ""
            apart = APART if mark else ""
            row = states(drawing, at, y, rf"\{accent}{{h}}{apart}{mark}", STEPS, 0.62)
            along(drawing, row[::order])
            for index, box in enumerate(row):
                if box.kind == "hidden" and (below or layer == 1):
                    start = below[index].top() if below else inputs[index].top(side)
                    drawing.arrow(start, box.bottom())
            below = row
        tops.append((below, order))
    outputs = sequence(drawing, 0.0, y + 1.9, "y", "output", STEPS, pitch(True), 0.95)
    for row, order in tops:
        for index, output in enumerate(outputs):
            reads = index - order
            if 0 <= reads < len(row) and "dots" not in (row[reads].kind, output.kind):
                box, aim = row[reads], -0.2 * order
                by = [(box.x, y + 0.6)]
                drawing.arrow(box.top(), output.bottom(aim), by=by)
    drawing.caption = [
        caption("cloze", settings),
        "$y_t$ is told by what stands around step $t$ and not by $x_t$ itself",
    ]
    return drawing
