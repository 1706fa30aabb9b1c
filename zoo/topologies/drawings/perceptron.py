"""Drawing of the network without time."""

from zoo.topologies.drawings.recurrence import ROW
from zoo.topologies.drawings.registry import drawings
from zoo.topologies.drawings.shapes import Drawing


@drawings.register("perceptron")
def perceptron(settings: dict) -> Drawing:
    drawing = Drawing()
    below = drawing.box(0, 0, "$x$", "input")
    hidden = list(settings["hidden_units"])
    for index, _ in enumerate(hidden):
        mark = f"^{{({index + 1})}}" if len(hidden) > 1 else ""
        box = drawing.box(0, below.y + ROW + 0.1, f"$h{mark}$", "hidden")
        drawing.arrow(below, box, label=settings["hidden_activation"])
        below = box
    output = drawing.box(0, below.y + ROW + 0.1, "$y$", "output")
    drawing.arrow(below, output, label=settings["activation"])
    last = "h" if hidden else "x"
    drawing.caption = [f"perceptron: $y = f(W {last} + b)$, $f$ {settings['activation']}"]
    return drawing
