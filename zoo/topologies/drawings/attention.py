"""Drawing of the encoder-decoder with attention: a context of its own for every step."""

from zoo.topologies.drawings.caption import caption
from zoo.topologies.drawings.recurrence import (
    ROW,
    along,
    pitch,
    recurrence,
    sequence,
)
from zoo.topologies.drawings.registry import drawings
from zoo.topologies.drawings.shapes import Box, Drawing

STEPS = ("1", "2", "3", None, "M")
FED = ("0", "1", "2", None, "{M-1}")
PITCH = 2.5
SIDE = 0.62  # the context stands left of its state's middle, the fed token right
PORT = 0.14  # left of a context's middle it goes up, right of it a query comes down
FAN = 2.3  # height from the encoder's outputs to the contexts
NAMED = 1  # the step whose weights carry names


@drawings.register("attention_n_to_m")
def attention_n_to_m(settings: dict) -> Drawing:
    drawing, both = Drawing(), settings["bidirectional"]
    inputs = sequence(drawing, 0.0, 0.0, "x", "input", distance=pitch(both), width=0.95)
    layers = recurrence(drawing, inputs, ROW, settings["encoder_layers"], both)
    encoder = drawing.frame()
    middle = (inputs[0].x + inputs[-1].x) / 2
    places = [middle + PITCH * (index - (len(STEPS) - 1) / 2) for index in range(len(STEPS))]
    y = layers.top + FAN
    contexts, fed = _contexts_and_tokens(drawing, places, y)
    _fans(drawing, layers.outputs, contexts)
    states, starts = _states(drawing, places, y + ROW + 0.2, settings["decoder_layers"], fed)
    outputs = _outputs(drawing, places, states[-1], contexts)
    if settings["output_head"] != "plain":
        _tokens_to_outputs(drawing, fed, outputs)
    _ask(drawing, settings["query"], states, starts, contexts, fed)
    if settings["input_feeding"]:
        _feed(drawing, outputs, states[0])
    _bridge(drawing, settings["bridge"], encoder, starts)
    asks = {
        "current": "the new state $s_i$ asks, $c_i$ enters the output",
        "previous": "the last state $s_{i-1}$ asks, $c_i$ enters the recurrence and the output",
        "previous_output": "the last token asks, $c_i$ enters the recurrence and the output",
    }[settings["query"]]
    drawing.caption = [
        caption("attention_n_to_m", settings),
        rf"attention {settings['attention']}: $c_i = \Sigma_j\, a_{{ij}} h_j$; {asks}",
    ]
    if settings["input_feeding"]:
        drawing.caption.append("input feeding: $o_{i-1}$ enters the recurrence too")
    if settings["output_head"] != "plain":
        drawing.caption.append(
            f"output head {settings['output_head']}: $o_i$ of $s_i$, $c_i$ and the token before"
        )
    if settings["copying"]:
        drawing.caption.append("copying: $y_i$ may be the source's word $j$, by $a_{ij}$")
    return drawing


def _contexts_and_tokens(drawing, places, y):
    contexts, fed = [], []
    for x, step, token in zip(places, STEPS, FED, strict=True):
        if step is None:
            contexts.append(drawing.ellipsis(x, y))
            fed.append(contexts[-1])
            continue
        contexts.append(drawing.box(x - SIDE, y, f"$c_{step}$", "context"))
        fed.append(drawing.box(x + SIDE, y, f"$y_{{{token}}}$", "input", 0.95))
    return contexts, fed


def _fans(drawing, hidden, contexts):
    real = [box for box in contexts if box.kind != "dots"]
    named = real[NAMED]
    for context in real:
        if context is not named:
            for box in hidden:
                if box.kind != "dots":
                    drawing.arrow(box.top(), context.bottom(), "faint", head=False)
    for index, box in enumerate(hidden):
        if box.kind != "dots":
            line = drawing.arrow(box.top(), named.bottom(), "context")
            (x0, y0), (x1, y1) = line.points
            step = ("1", "2", "3", None, "N")[index]
            x, y = x0 + 0.27 * (x1 - x0), y0 + 0.27 * (y1 - y0)
            drawing.note(x, y, f"$a_{{{STEPS[NAMED]}{step}}}$")


def _states(drawing, places, y, num_layers, fed):
    """Rows of states, the lowest fed by the tokens; one row above another for more layers."""
    rows, starts, below = [], [], fed
    shown = list(range(1, num_layers + 1)) if num_layers <= 3 else [1, None, num_layers]
    for layer in shown:
        if layer is None:
            for x, step in zip(places, STEPS, strict=True):
                if step is not None:
                    drawing.ellipsis(x, y - 0.35, upwards=True)
            below = [Box(x, y - 0.35, "", "dots", 0.5, 0.5) for x in places]
            y += 0.6
            continue
        mark = f"^{{({layer})}}" if num_layers > 1 else ""
        row = []
        start = drawing.box(places[0] - 1.75, y, f"$s{mark}_0$", "zero")
        for x, step, box in zip(places, STEPS, below, strict=True):
            if step is None:
                row.append(drawing.ellipsis(x, y))
                continue
            row.append(drawing.box(x, y, f"$s{mark}_{step}$", "hidden"))
            drawing.arrow(box.top() if box.kind != "hidden" else box, row[-1].bottom(_aim(box, x)))
        along(drawing, [start, *row])
        rows.append(row)
        starts.append(start)
        below, y = row, y + ROW
    return rows, starts


def _aim(box, x):
    return 0.2 if box.x > x + 0.1 else 0.0


def _outputs(drawing, places, states, contexts):
    outputs = []
    y = states[0].y + ROW
    for x, step, state, context in zip(places, STEPS, states, contexts, strict=True):
        if step is None:
            outputs.append(drawing.ellipsis(x, y))
            drawing.ellipsis(x, y + ROW)
            continue
        outputs.append(drawing.box(x - 0.3, y, f"$o_{step}$", "hidden", 1.6))
        drawing.arrow(state, outputs[-1].bottom(0.3))
        drawing.arrow(context.top(-PORT), (context.x - PORT, outputs[-1].bottom()[1]), "context")
        token = drawing.box(x - 0.3, y + ROW, f"$y_{step}$", "output")
        drawing.arrow(outputs[-1], token)
    return outputs


def _tokens_to_outputs(drawing, fed, outputs):
    """The fed token enters the output too, by a lane right of the state."""
    for token, output in zip(fed, outputs, strict=True):
        if output.kind != "dots":
            x, y = token.x + 0.13, output.y - 0.18
            drawing.arrow(token.top(0.13), (output.right()[0], y), by=[(x, y)])


def _feed(drawing, outputs, states):
    """Input feeding: an output enters the next step's first layer, by a lane between the steps."""
    for output, state in zip(outputs, states[1:], strict=False):
        if "dots" not in (output.kind, state.kind):
            lane, low = output.x + 1.6, state.top()[1] + 0.22
            way = [(lane, output.y), (lane, low), (state.x - 0.2, low)]
            drawing.arrow(output, state.top(-0.2), "context", by=way)


def _ask(drawing, query, states, starts, contexts, fed):
    """The query of the attention (red), and where the context enters the recurrence."""
    if query == "previous_output":
        for token, state, context in zip(fed, states[0], contexts, strict=True):
            if state.kind != "dots":
                drawing.arrow(token, context, "query")
                drawing.arrow(context.top(PORT), state.bottom(-0.25), "context")
        return
    if query == "current":
        for state, context in zip(states[-1], contexts, strict=True):
            if state.kind != "dots":
                low = state.bottom()[1]
                way = [(context.x + PORT, low - 0.2)] if len(states) > 1 else []
                drawing.arrow((state.x - 0.3, low), context.top(PORT), "query", by=way)
        return
    before = [starts[-1], *states[-1]]
    for asking, state, context in zip(before, states[0], contexts, strict=False):
        if context.kind == "dots":
            continue
        if asking.kind != "dots":
            drawing.arrow(asking, context.top(), "query")
        drawing.arrow(context.top(PORT), state.bottom(-0.25), "context")


def _bridge(drawing, bridge, encoder, starts):
    """From the encoder's final states round the left to the decoder's first ones."""
    if bridge == "zero":
        return
    x = min(start.left()[0] for start in starts) - 0.5
    for start in starts:
        drawing.arrow((encoder.left()[0], encoder.y), start, by=[(x, encoder.y), (x, start.y)])
    drawing.note((x + encoder.left()[0]) / 2, encoder.y + 0.25, f"bridge: {bridge}")
