"""What a drawing is made of: boxes (vectors), lines (transforms) and notes, as plain numbers."""

import dataclasses
from collections.abc import Sequence

Point = tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Box:
    """A vector, drawn as a rounded box.

    Attributes:
        x, y: Its centre; one unit is about the width of a box, y grows upwards.
        text: What stands in it; mathematics between dollars.
        kind: "input", "hidden", "output", "context", "zero" or "dots" (text without a box).
        width, height: Its sides.
    """

    x: float
    y: float
    text: str
    kind: str
    width: float = 0.8
    height: float = 0.66

    def top(self, offset: float = 0.0) -> Point:
        return (self.x + offset, self.y + self.height / 2)

    def bottom(self, offset: float = 0.0) -> Point:
        return (self.x + offset, self.y - self.height / 2)

    def left(self) -> Point:
        return (self.x - self.width / 2, self.y)

    def right(self) -> Point:
        return (self.x + self.width / 2, self.y)

    def border(self, towards: Point) -> Point:
        """Returns where the line from the centre towards a point leaves the box."""
        dx, dy = towards[0] - self.x, towards[1] - self.y
        if not dx and not dy:
            return (self.x, self.y)
        share = min(
            self.width / 2 / abs(dx) if dx else float("inf"),
            self.height / 2 / abs(dy) if dy else float("inf"),
        )
        return (self.x + share * dx, self.y + share * dy)


@dataclasses.dataclass(frozen=True)
class Line:
    """A line through points, with an arrow's head at its end unless `head` is False.

    Attributes:
        points: Two or more.
        kind: "transform", "context", "query", "faint" or "link".
        head: Whether it is an arrow.
    """

    points: tuple[Point, ...]
    kind: str = "transform"
    head: bool = True


@dataclasses.dataclass(frozen=True)
class Note:
    """Words beside the boxes; `align` is "left", "center" or "right" of the point."""

    x: float
    y: float
    text: str
    align: str = "center"


@dataclasses.dataclass
class Drawing:
    """Boxes, lines, dots and notes of one picture, the words below it, and frames behind it.

    Example:

    >>> drawing = Drawing()
    >>> x, h = drawing.box(0, 0, "$x$", "input"), drawing.box(0, 2, "$h$", "hidden")
    >>> drawing.arrow(x, h).points
    ((0.0, 0.33), (0.0, 1.67))
    """

    boxes: list[Box] = dataclasses.field(default_factory=list)
    lines: list[Line] = dataclasses.field(default_factory=list)
    dots: list[Point] = dataclasses.field(default_factory=list)
    notes: list[Note] = dataclasses.field(default_factory=list)
    caption: list[str] = dataclasses.field(default_factory=list)
    groups: list[Box] = dataclasses.field(default_factory=list)

    def box(self, x: float, y: float, text: str, kind: str, width: float = 0.8) -> Box:
        """Puts a box down and returns it."""
        box = Box(x, y, text, kind, width)
        self.boxes.append(box)
        return box

    def frame(self) -> Box:
        """Puts a frame behind all that is drawn so far and returns it."""
        left, bottom, right, top = self.bounds()
        middle = ((left + right) / 2, (bottom + top) / 2)
        group = Box(*middle, "", "group", right - left + 0.5, top - bottom + 0.5)
        self.groups.append(group)
        return group

    def ellipsis(self, x: float, y: float, upwards: bool = False) -> Box:
        """Puts dots down, which stand for the boxes that are not drawn."""
        return self.box(x, y, r"$\vdots$" if upwards else r"$\cdots$", "dots", 0.5)

    def arrow(
        self,
        start: Box | Point,
        end: Box | Point,
        kind: str = "transform",
        by: Sequence[Point] = (),
        label: str = "",
        head: bool = True,
    ) -> Line:
        """Draws an arrow from border to border, or from and to points.

        Args:
            start, end: Boxes or points.
            kind: See `Line`.
            by: Points on the way.
            label: Words right of the middle of an upright arrow, and above a level one.
            head: Whether it has one.
        """
        first = by[0] if by else _centre(end)
        last = by[-1] if by else _centre(start)
        begin = start.border(first) if isinstance(start, Box) else start
        finish = end.border(last) if isinstance(end, Box) else end
        line = Line((begin, *by, finish), kind, head)
        self.lines.append(line)
        if label:
            x, y = (begin[0] + finish[0]) / 2, (begin[1] + finish[1]) / 2
            if abs(begin[0] - finish[0]) < abs(begin[1] - finish[1]):
                self.notes.append(Note(x + 0.1, y, label, "left"))
            else:
                self.notes.append(Note(x, y + 0.2, label))
        return line

    def wire(self, *points: Point, kind: str = "context") -> None:
        """Draws a line without a head."""
        self.lines.append(Line(tuple(points), kind, head=False))

    def dot(self, point: Point) -> None:
        """Marks where wires are joined; wires that cross without a dot are not."""
        self.dots.append(point)

    def note(self, x: float, y: float, text: str, align: str = "center") -> None:
        """Writes words beside the boxes."""
        self.notes.append(Note(x, y, text, align))

    def bounds(self) -> tuple[float, float, float, float]:
        """Returns (left, bottom, right, top) of the boxes and lines."""
        points = [p for line in self.lines for p in line.points]
        for box in [*self.boxes, *self.groups]:
            points += [box.left(), box.right(), box.top(), box.bottom()]
        points += [(note.x, note.y) for note in self.notes]
        xs, ys = zip(*points, strict=True)
        return min(xs), min(ys), max(xs), max(ys)


def _centre(end: Box | Point) -> Point:
    return (end.x, end.y) if isinstance(end, Box) else end
