"""A decoder with one context: fed tokens below, states, outputs above."""

import dataclasses

from zoo.topologies.drawings.recurrence import ROW, Layers, recurrence, sequence, upwards
from zoo.topologies.drawings.shapes import Box, Drawing

STEPS = ("1", "2", "3", None, "M")
FED = ("0", "1", "2", None, "{M-1}")
PITCH = 1.6
LOWEST = ROW + 0.35  # height of the first states above the fed tokens
BUS = 0.85  # height of the context's wire above the fed tokens
OVER = 0.47  # height of the context's wire to the outputs above the last states
LANE = 0.6  # how far left of the middle a fed token goes up to the output
RAIL = 0.22  # how far right of the middle it enters a state


@dataclasses.dataclass
class Decoder:
    """What `decoder` drew: the boxes of fed tokens, the layers, and the outputs."""

    fed: list[Box]
    layers: Layers
    outputs: list[Box]


def decoder(
    drawing: Drawing,
    context: Box,
    x: float,
    y: float,
    injection: str,
    num_layers: int = 1,
    letter: str = "y",
    reads: str | None = None,
    output_head: str = "plain",
) -> Decoder:
    """Draws a decoder to the right of its context.

    Args:
        drawing: Where.
        context: The box of c, left of x.
        x: Where the first step stands.
        y: Height of the fed tokens.
        injection: "initial_state", "every_step", "both" or "first_step".
        num_layers: Recurrent layers.
        letter: What a token is called.
        reads: What a step reads where it is not the token before; "" for nothing but c.
        output_head: "plain", or another, which reads the fed token and c beside the state.
    """
    fed = _fed(drawing, x, y, letter, reads)
    layers = recurrence(drawing, fed, y + LOWEST, num_layers, letter="s", steps=STEPS)
    outputs = upwards(drawing, layers.outputs, layers.top + ROW, letter, "$V$", STEPS)
    if injection in ("initial_state", "both"):
        rail = layers.starts[0].left()[0] - 0.4
        for start in layers.starts:
            bend = [] if start.y == context.y else [(rail, context.y), (rail, start.y)]
            drawing.arrow(context, start, "context", by=bend)
    if injection != "initial_state":
        _along_the_bottom(drawing, context, layers.first, y + BUS, injection == "first_step")
    if output_head != "plain":
        _into_the_outputs(drawing, context, fed, outputs, layers.top + OVER)
    return Decoder(fed, layers, outputs)


def _fed(drawing, x, y, letter, reads):
    if reads == "":
        return [Box(x + PITCH * index, y, "", "dots") for index in range(len(STEPS))]
    if reads:
        return sequence(drawing, x, y, reads, "input", STEPS, PITCH, 0.95)
    return sequence(drawing, x, y, letter, "input", FED, PITCH, 0.95)


def _along_the_bottom(drawing, context, states, height, first_alone):
    real = [box for box in states if box.kind != "dots"][: 1 if first_alone else None]
    ends = [(box.x + RAIL, height) for box in real]
    leaves = context.top() if height > context.y else context.bottom()
    drawing.wire(leaves, (context.x, height), ends[-1])
    for box, end in zip(real, ends, strict=True):
        drawing.arrow(end, box.bottom(RAIL), "context")
        if end != ends[-1]:
            drawing.dot(end)


def _into_the_outputs(drawing, context, fed, outputs, height):
    """The context by a wire above the states, each fed token by a lane left of its state."""
    _along_the_bottom(drawing, context, outputs, height, False)
    for token, output in zip(fed, outputs, strict=True):
        if output.kind != "dots":
            x, y = token.x - LANE, token.top()[1] + 0.2
            way = [(token.x - 0.3, y), (x, y), (x, output.y)]
            drawing.arrow(token.top(-0.3), output, by=way)


def feedback(drawing: Drawing, made: Decoder) -> None:
    """Draws that an output is the next step's input."""
    for output, fed in zip(made.outputs, made.fed[1:], strict=False):
        if "dots" not in (output.kind, fed.kind):
            x = output.x + PITCH / 2
            drawing.arrow(output, fed, "query", by=[(x, output.y), (x, fed.y)])
