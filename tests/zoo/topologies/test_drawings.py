"""Every builder has a drawing of its settings, whose boxes, lines and words stay apart."""

import doctest
import itertools
import re
from pathlib import Path

import pytest

import zoo
from zoo.errors import InputError
from zoo.topologies.drawings import caption, draw_model, drawings, registry, shapes
from zoo.topologies.drawings.__main__ import SHOWN
from zoo.topologies.drawings.registry import complete

matplotlib = pytest.importorskip("matplotlib")

FOLDER = Path(__file__).parents[3] / "docs" / "drawings"
# Every setting that is drawn, with what it may be.
VALUES = {
    "num_layers": (1, 2, 5),
    "encoder_layers": (1, 2, 5),
    "decoder_layers": (1, 2, 5),
    "bidirectional": (False, True),
    "pooling": ("last", "mean", "max", "mean_max", "attention"),
    "crf": (False, True),
    "injection": ("first_step", "initial_state", "every_step", "both"),
    "context": ("last", "transform_last", "transform_all"),
    "query": ("current", "previous", "previous_output"),
    "num_row_classes": (None, 2),
    "form": ("n_to_one", "n_to_m"),
    "num_future": (0, 2),
    "input_feeding": (False, True),
    "bridge": ("dense", "zero"),
    "output_head": ("plain", "maxout"),
    "feedback": (True, False),
    "kernel_size": (None, (3, 3)),
    "hidden_units": ((), (4,), (4, 4)),
}
ONLY = {
    "one_to_n": {"injection": ("first_step", "initial_state", "every_step")},
    "n_to_m": {"injection": ("initial_state", "every_step", "both"), "bridge": ("dense", "copy")},
    "grid_rnn": {"pooling": ("mean", "max", "attention")},
}


def every_way(name, most=10**6):
    """The drawn settings of a builder in all combinations, or about `most` of them."""
    known = complete(name, {})
    keys = [key for key in VALUES if key in known]
    values = [ONLY.get(name, {}).get(key, VALUES[key]) for key in keys]
    ways = [dict(zip(keys, chosen, strict=True)) for chosen in itertools.product(*values)]
    # What reads the fed token goes with feedback alone: the builder refuses the others.
    ways = [way for way in ways if way.get("feedback", True) or way["output_head"] == "plain"]
    return ways[:: max(1, len(ways) // most)]


def inside(box, point, by=0.04):
    return (
        abs(point[0] - box.x) < box.width / 2 - by and abs(point[1] - box.y) < box.height / 2 - by
    )


def points_of(line, count=40):
    for (x0, y0), (x1, y1) in itertools.pairwise(line.points):
        for step in range(count + 1):
            yield x0 + (x1 - x0) * step / count, y0 + (y1 - y0) * step / count


def apart(one, other):
    return (
        abs(one.x - other.x) >= (one.width + other.width) / 2
        or abs(one.y - other.y) >= (one.height + other.height) / 2
    )


def test_every_builder_has_a_drawing():
    assert set(zoo.list_models()) <= set(drawings)


def lines_apart(name, settings):
    drawing = drawings.get(name)(complete(name, settings))
    for one, other in itertools.combinations(drawing.boxes, 2):
        assert apart(one, other), (settings, one, other)
    boxes = [box for box in drawing.boxes if box.kind != "dots"]
    for line in drawing.lines:
        for point in points_of(line):
            assert not any(inside(box, point) for box in boxes), (settings, line)


@pytest.mark.parametrize("name", zoo.list_models())
def test_no_box_lies_on_another_and_no_line_runs_through_one(name):
    for settings in every_way(name, most=5):
        lines_apart(name, settings)


def words_apart(name, settings):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from zoo.topologies.drawings import paint

    drawing, figure = drawings.get(name)(complete(name, settings)), Figure(dpi=100)
    canvas = FigureCanvasAgg(figure)
    paint(drawing, figure)
    (axes,) = figure.axes
    renderer = canvas.get_renderer()
    texts = [(text.get_text(), text.get_window_extent(renderer)) for text in axes.texts]
    picture = figure.bbox
    for (one, first), (other, second) in itertools.combinations(texts, 2):
        assert not first.overlaps(second), (settings, one, other)
    for text, place in texts:
        assert picture.x0 <= place.x0 and place.x1 <= picture.x1, (settings, text)
        assert picture.y0 <= place.y0 and place.y1 <= picture.y1, (settings, text)
    # The first texts are those in the boxes, in their order.
    for box, (text, place) in zip(drawing.boxes, texts, strict=False):
        assert box.text == text
        if box.kind != "dots":
            corners = axes.transData.transform([box.left(), box.right(), box.top(), box.bottom()])
            assert corners[0][0] <= place.x0 and place.x1 <= corners[1][0], (settings, text)
            assert corners[3][1] <= place.y0 and place.y1 <= corners[2][1], (settings, text)
    for note, (text, place) in zip(drawing.notes, texts[len(drawing.boxes) :], strict=False):
        assert note.text == text
        for box in drawing.boxes:
            low, high = axes.transData.transform(
                [box.bottom(-box.width / 2), box.top(box.width / 2)]
            )
            beside = place.x1 <= low[0] or place.x0 >= high[0]
            assert beside or place.y1 <= low[1] or place.y0 >= high[1], (settings, text, box)


@pytest.mark.parametrize("name", zoo.list_models())
def test_words_do_not_touch_and_fit_their_boxes(name):
    for shown, settings in SHOWN.values():
        if shown == name:
            words_apart(name, settings)


@pytest.mark.slow
@pytest.mark.parametrize("name", zoo.list_models())
def test_nothing_touches_in_any_setting(name):
    for settings in every_way(name):
        lines_apart(name, settings)
    for settings in every_way(name, most=6):
        words_apart(name, settings)


def lines_of(name, kind, **settings):
    drawing = drawings.get(name)(complete(name, settings))
    return [line for line in drawing.lines if line.kind == kind]


def test_settings_show():
    states = {
        layers: len(
            [box for box in draw_model("n_to_n", num_layers=layers).boxes if box.kind == "hidden"]
        )
        for layers in (1, 2)
    }
    assert states == {1: 4, 2: 8}
    assert len(lines_of("n_to_n", "link")) == 0
    assert len(lines_of("n_to_n", "link", crf=True)) == 4
    # x goes to s_0; to the first of four drawn steps; to all of them.
    for injection, count in (("initial_state", 1), ("first_step", 1), ("every_step", 4)):
        arrows = [x for x in lines_of("one_to_n", "context", injection=injection) if x.head]
        assert len(arrows) == count
    for heads, settings in ((4, {"query": "current"}), (8, {"query": "previous"})):
        weights = len(lines_of("attention_n_to_m", "faint", **settings))
        contexts = [x for x in lines_of("attention_n_to_m", "context", **settings)]
        # Of the 4 x 4 weights one step's carry names; c goes to o, or to s and o.
        assert (weights, len(contexts)) == (12, 4 + heads)


def test_what_the_output_reads_and_what_is_fed_back_shows():
    for name, wires in (("one_to_n", 4), ("n_to_m", 4), ("attention_n_to_m", 0)):
        plain = len(lines_of(name, "transform"))
        # One more arrow from each of the four drawn tokens, and one from c where it is not there.
        assert len(lines_of(name, "transform", output_head="maxout")) == plain + 4
        contexts = [
            len([line for line in lines_of(name, "context", output_head=head) if line.head])
            for head in ("plain", "maxout")
        ]
        assert contexts[1] - contexts[0] == wires
        if name != "attention_n_to_m":
            assert len(lines_of(name, "query")) == 2
            assert not lines_of(name, "query", feedback=False)


def test_what_the_builder_refuses_is_not_drawn():
    with pytest.raises(InputError, match="last, mean, max, mean_max, attention"):
        draw_model("n_to_one", pooling="sum")
    with pytest.raises(InputError, match="bridge 'copy'"):
        draw_model("n_to_m", bridge="copy", context="transform_last")
    with pytest.raises(InputError, match=r"unknown setting .*'num_layer'; did you mean"):
        draw_model("n_to_n", num_layer=2)
    with pytest.raises(InputError, match="did you mean 'n_to_n'"):
        draw_model("n_to_nn")


def test_the_documentation_holds_what_the_command_writes(tmp_path):
    from zoo.topologies.drawings.__main__ import write_all

    assert {name for name, _ in SHOWN.values()} >= set(zoo.list_models())
    assert {path.stem for path in FOLDER.iterdir()} == set(SHOWN)
    page = (FOLDER.parent / "topologies.md").read_text(encoding="utf-8")
    written = write_all(tmp_path)
    for path in written:
        kept = (FOLDER / path.name).read_bytes()
        assert len(kept) < 60_000, path.name
        assert f"drawings/{path.name}" in page
        made_by = re.search(rb"Matplotlib v[0-9.]+", kept)[0].decode()
        if made_by == f"Matplotlib v{matplotlib.__version__}":
            assert path.read_bytes() == kept, f"{path.name} is stale: make drawings"


@pytest.mark.parametrize("module", [shapes, registry, caption])
def test_examples_run(module):
    result = doctest.testmod(module)
    assert result.attempted and not result.failed
