"""Drawings of the topologies that write a sequence of one context."""

from zoo.topologies.drawings.caption import caption
from zoo.topologies.drawings.decoder import LOWEST, STEPS, decoder, feedback
from zoo.topologies.drawings.recurrence import collect, pitch, recurrence, sequence
from zoo.topologies.drawings.registry import drawings
from zoo.topologies.drawings.shapes import Drawing

_FED = "below: the token before, in training the true one; red: at inference the model's own"


def _decode(drawing, vector, x, settings, num_layers):
    """A decoder with the setting's output head, fed its own tokens or none."""
    made = decoder(
        drawing,
        vector,
        x,
        0.0,
        settings["injection"],
        num_layers,
        reads=None if settings["feedback"] else "",
        output_head=settings["output_head"],
    )
    if settings["feedback"]:
        feedback(drawing, made)


def _reads(settings, letter):
    if not settings["feedback"]:
        return [f"no token is fed: every $y_i$ follows from ${letter}$ alone"]
    if settings["output_head"] == "plain":
        return [_FED]
    head = f"output head {settings['output_head']}: $y_i$ of $s_i$, ${letter}$ and the token before"
    return [head, _FED]


@drawings.register("one_to_n")
def one_to_n(settings: dict) -> Drawing:
    drawing, injection = Drawing(), settings["injection"]
    vector = drawing.box(-2.6, LOWEST, "$x$", "input")
    _decode(drawing, vector, 0.0, settings, settings["num_layers"])
    enters = {
        "first_step": "$x$ enters at the first step only",
        "every_step": "$x$ enters at every step",
        "initial_state": r"$x$ makes the first state: $s_0 = \tanh(W x + b)$",
    }[injection]
    drawing.caption = [caption("one_to_n", settings), enters, *_reads(settings, "x")]
    return drawing


@drawings.register("captioning")
def captioning(settings: dict) -> Drawing:
    drawing, injection = Drawing(), settings["injection"]
    count = len(settings["filters"])
    picture = drawing.box(-8.0, LOWEST, "picture", "input", 1.4)
    pieces = drawing.box(-5.1, LOWEST, f"{count} convolutions", "hidden", 2.7)
    vector = drawing.box(-2.6, LOWEST, "$x$", "context")
    drawing.arrow(picture, pieces)
    drawing.arrow(pieces, vector)
    made = decoder(drawing, vector, 0.0, 0.0, injection, settings["num_layers"])
    feedback(drawing, made)
    read = " its columns read from both sides," if settings["column_cell"] else ""
    drawing.caption = [
        caption("captioning", settings),
        f"$x$: the picture,{read} in one vector; enters as in one_to_n, "
        f"{injection.replace('_', ' ')}",
        _FED,
    ]
    return drawing


@drawings.register("n_to_m")
def n_to_m(settings: dict) -> Drawing:
    drawing, context = Drawing(), settings["context"]
    both, pooling = settings["bidirectional"], settings["pooling"]
    pooling = pooling if context == "transform_all" else "last"
    inputs = sequence(drawing, 0.0, 0.0, "x", "input", distance=pitch(both), width=0.95)
    layers = recurrence(
        drawing, inputs, LOWEST, settings["encoder_layers"], both, join=pooling != "last"
    )
    vector = collect(drawing, layers, pooling, inputs[-1].x + 1.9)
    _decode(drawing, vector, vector.x + 2.6, settings, settings["decoder_layers"])
    bridged = context == "last" and settings["injection"] != "every_step"
    is_made = {
        "last": "$c = h_N$"
        + (f", bridge {settings['bridge']}: a state of each layer" if bridged else ""),
        "transform_last": r"$c = \tanh(W h_N + b)$",
        "transform_all": rf"$c = \tanh(W g(h_1 \ldots h_N) + b)$, $g$ {pooling}",
    }[context]
    enters = {
        "initial_state": "as the first state",
        "every_step": "at every step",
        "both": "as the first state and at every step",
    }[settings["injection"]]
    drawing.caption = [
        caption("n_to_m", settings),
        f"{is_made}; enters {enters}",
        *_reads(settings, "c"),
    ]
    return drawing


@drawings.register("skip_thought")
def skip_thought(settings: dict) -> Drawing:
    drawing, pooling, both = Drawing(), settings["pooling"], settings["bidirectional"]
    inputs = sequence(drawing, 0.0, 0.0, "x", "input", distance=pitch(both), width=0.95)
    layers = recurrence(
        drawing, inputs, LOWEST, settings["num_layers"], both, join=pooling != "last"
    )
    vector = collect(drawing, layers, pooling, inputs[-1].x + 1.9)
    for letter, y in (("p", vector.y + 0.6), ("n", vector.y - 3.6)):
        made = decoder(drawing, vector, vector.x + 3.2, y, "both", letter=letter)
        feedback(drawing, made)
    drawing.caption = [
        caption("skip_thought", settings),
        "$c$ tells the sentence before ($p$) and the next one ($n$); "
        "two decoders that share $E$ and $V$",
        _FED,
    ]
    return drawing


@drawings.register("forecast")
def forecast(settings: dict) -> Drawing:
    drawing, layers = Drawing(), settings["num_layers"]
    inputs = sequence(drawing, 0.0, 0.0, "x", "input", width=0.95)
    encoder = recurrence(drawing, inputs, LOWEST, layers)
    vector = collect(drawing, encoder, "last", inputs[-1].x + 1.9)
    if settings["form"] == "n_to_m":
        reads = "f" if settings["num_future"] else ""
        decoder(drawing, vector, vector.x + 2.6, 0.0, "both", layers, reads=reads)
        how = r"$n_k$ of a decoder" + (" that reads the known future $f_k$" if reads else "")
    else:
        outputs = sequence(drawing, vector.x + 1.6, vector.y + 1.3, "y", "output", STEPS, 1.3)
        for box in outputs:
            if box.kind != "dots":
                drawing.arrow(vector, box.bottom(), "context")
        how = r"$n = V \tanh(W h_N + b) + c$, all at once"
    rest = " + A x" if settings["linear"] else ""
    drawing.caption = [caption("forecast", settings), rf"$y_k = x_N{rest} + n_k$; {how}"]
    return drawing
