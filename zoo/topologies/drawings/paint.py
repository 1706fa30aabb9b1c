"""A drawing painted by matplotlib, small and the same at every run."""

import io
import math
import re
from collections.abc import Sequence
from pathlib import Path

from zoo.errors import InputError
from zoo.topologies.drawings.shapes import Box, Drawing, Line, Point

# Fill and edge of a box, told apart by lightness too.
BOXES = {
    "input": ("#d6e6f7", "#2b5c94"),
    "hidden": ("#d5ecd3", "#2f6b35"),
    "output": ("#fde3c4", "#a85a0a"),
    "context": ("#e7daf3", "#66389a"),
    "zero": ("#f2f2f2", "#777777"),
}
# Colour and width in points of a line.
LINES = {
    "transform": ("#333333", 1.0),
    "context": ("#66389a", 1.1),
    "query": ("#c0392b", 1.0),
    "faint": ("#c9b8dd", 0.7),
    "link": ("#a85a0a", 1.3),
}
INK = "#1a1a1a"
UNIT = 0.5  # inches
MARGIN = 0.35  # units
CAPTION = 0.36  # units a line
HEAD = (0.17, 0.07)  # length and half the width of an arrow's head, in units
ROUND = 0.12


def size(drawing: Drawing) -> tuple[float, float, float, float]:
    """Returns (left, bottom, right, top) of the whole picture, in units, caption included."""
    left, bottom, right, top = drawing.bounds()
    longest = max((len(_plain(line)) for line in drawing.caption), default=0)
    lack = max(0.0, longest * 0.135 - (right - left)) / 2
    below = CAPTION * len(drawing.caption) + (0.2 if drawing.caption else 0)
    return left - MARGIN - lack, bottom - MARGIN - below, right + MARGIN + lack, top + MARGIN


def paint(drawing: Drawing, figure) -> None:
    """Paints a drawing on a matplotlib figure, which takes its size.

    Args:
        drawing: What to paint.
        figure: A `matplotlib.figure.Figure`.
    """
    left, bottom, right, top = size(drawing)
    figure.set_size_inches((right - left) * UNIT, (top - bottom) * UNIT)
    figure.set_facecolor("white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(left, right), ylim=(bottom, top))
    _frames(axes, drawing.groups, facecolor="#f7f7f4", edgecolor="#bbbbbb", linewidth=0.8)
    for kind, (colour, width) in LINES.items():
        lines = [line for line in drawing.lines if line.kind == kind]
        # One path for all of a kind keeps the file small.
        _patch(axes, [_shaft(line) for line in lines], False, edgecolor=colour, linewidth=width)
        heads = [_head(line) for line in lines if line.head]
        _patch(axes, heads, True, facecolor=colour, linewidth=0)
    if drawing.dots:
        xs, ys = zip(*drawing.dots, strict=True)
        axes.plot(xs, ys, "o", color=LINES["context"][0], markersize=3.5)
    for kind, (fill, edge) in BOXES.items():
        boxes = [box for box in drawing.boxes if box.kind == kind]
        _frames(axes, boxes, facecolor=fill, edgecolor=edge, linewidth=1.0)
    for box in drawing.boxes:
        _write(axes, box.x, box.y, box.text, 11, "center")
    for note in drawing.notes:
        _write(axes, note.x, note.y, note.text, 9, note.align, ground=True)
    for index, line in enumerate(reversed(drawing.caption)):
        y = bottom + MARGIN / 2 + CAPTION * (index + 0.5)
        _write(axes, (left + right) / 2, y, line, 9, "center")


def save(drawing: Drawing, path: Path) -> None:
    """Paints a drawing into a file; its ending says the format.

    Raises:
        InputError: an unknown format, a file that cannot be written, or no matplotlib.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError("drawing needs matplotlib: pip install rnn-zoo[plot]") from None
    figure = Figure()
    formats = figure.canvas.get_supported_filetypes()
    kind = path.suffix.lstrip(".")
    if kind not in formats:
        raise InputError(f"{path}: unknown picture format; expected one of {', '.join(formats)}")
    # Neither names at random nor the day: the same drawing is the same file.
    with matplotlib.rc_context({"svg.hashsalt": "zoo", "font.family": "DejaVu Sans"}):
        paint(drawing, figure)
        written = io.BytesIO()
        metadata = {"Date": None} if kind == "svg" else None
        figure.savefig(written, format=kind, dpi=200, metadata=metadata)
    data = written.getvalue()
    try:
        path.write_bytes(_compact(data.decode()).encode() if kind == "svg" else data)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def _compact(svg: str) -> str:
    """Shortens an SVG: five digits, short names of glyphs, no indentation."""
    svg = re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.5g}", svg)
    names = dict.fromkeys(re.findall(r'<path id="([^"]+)"', svg))
    for index, name in enumerate(names):
        svg = svg.replace(f'id="{name}"', f'id="g{index}"').replace(f'"#{name}"', f'"#g{index}"')
    svg = re.sub(r"<!--.*?-->", "", svg)
    svg = re.sub(r"\s*\n\s*", "\n", svg)
    return re.sub(r' d="[^"]*"', lambda path: path[0].replace("\n", " "), svg)


def _write(axes, x, y, text, points, align, ground=False):
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6} if ground else None
    axes.text(x, y, text, fontsize=points, ha=align, va="center", color=INK, bbox=box)


def _patch(axes, outlines: list[list[Point]], closed: bool, **style) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    if not outlines:
        return
    vertices, codes = [], []
    for outline in outlines:
        vertices += outline
        codes += [Outline.MOVETO] + [Outline.LINETO] * (len(outline) - 1)
        if closed:
            vertices.append(outline[0])
            codes.append(Outline.CLOSEPOLY)
    axes.add_patch(PathPatch(Outline(vertices, codes), fill=closed, clip_on=False, **style))


def _frames(axes, boxes: Sequence[Box], **style) -> None:
    """Paints rounded boxes, all as one path."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    if not boxes:
        return
    vertices, codes = [], []
    for box in boxes:
        x, y, r = box.width / 2, box.height / 2, ROUND
        turns = [((-x, y), (r, 0), (0, -r)), ((-x, -y), (0, r), (r, 0))]
        turns += [((x, -y), (-r, 0), (0, r)), ((x, y), (0, -r), (-r, 0))]
        for (cx, cy), before, after in turns:
            vertices += [(cx + before[0], cy + before[1]), (cx, cy), (cx + after[0], cy + after[1])]
            codes += [Outline.LINETO, Outline.CURVE3, Outline.CURVE3]
        codes[-12] = Outline.MOVETO
        vertices = vertices[:-12] + [(box.x + u, box.y + v) for u, v in vertices[-12:]]
        vertices.append(vertices[-12])
        codes.append(Outline.CLOSEPOLY)
    axes.add_patch(PathPatch(Outline(vertices, codes), clip_on=False, **style))


def _shaft(line: Line) -> list[Point]:
    """The line's points, ending inside of its head."""
    if not line.head:
        return list(line.points)
    (x0, y0), (x1, y1) = line.points[-2:]
    share = HEAD[0] * 0.8 / (math.hypot(x1 - x0, y1 - y0) or 1.0)
    return [*line.points[:-1], (x1 - share * (x1 - x0), y1 - share * (y1 - y0))]


def _head(line: Line) -> list[Point]:
    (x0, y0), (x1, y1) = line.points[-2:]
    length = math.hypot(x1 - x0, y1 - y0) or 1.0
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    bx, by = x1 - HEAD[0] * ux, y1 - HEAD[0] * uy
    return [
        (x1, y1),
        (bx - HEAD[1] * uy, by + HEAD[1] * ux),
        (bx + HEAD[1] * uy, by - HEAD[1] * ux),
    ]


def _plain(text: str) -> str:
    """About what is seen of a text with mathematics: for its length."""
    for mark in ("$", "{", "}", "^", "_", "\\"):
        text = text.replace(mark, "")
    return text
