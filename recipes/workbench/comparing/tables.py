"""What a comparison writes: a table as CSV and as Markdown, and a picture."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
_SHOWN = ("weights", "step_ms", "minutes")


def as_csv(rows: Sequence[Row]) -> str:
    """Returns the rows as CSV text; a row that lacks a column leaves it empty."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value


def as_markdown(rows: Sequence[Row], metric: str, lower_is_better: bool) -> str:
    """Returns the rows as a Markdown table, the best variant first and what failed last.

    Args:
        rows: As `row_of` makes them.
        metric: What they are ordered by; `<metric>_greedy` stands beside it where it was measured.
        lower_is_better: Whether a smaller one is better.
    """
    done = [row for row in rows if not row["failed"]]
    done.sort(key=lambda row: row[metric], reverse=not lower_is_better)
    losses = [name for name in ("val_nats", "val_loss") if done and name in done[0]]
    greedy = [f"{metric}_greedy"] if done and f"{metric}_greedy" in done[0] else []
    columns = [metric, *greedy, *losses, *_SHOWN]
    lines = [
        "| " + " | ".join(["variant", *(name.replace("_", " ") for name in columns)]) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for row in done:
        cells = [row["variant"], *(_shown(row.get(name)) for name in columns)]
        lines.append("| " + " | ".join(cells) + " |")
    for row in rows:
        if row["failed"]:
            cells = [row["variant"], f"failed: {row['failed']}".replace("|", "\\|")]
            lines.append("| " + " | ".join(cells + [""] * (len(columns) - 1)) + " |")
    return "\n".join(lines) + "\n"


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "?"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.1f}"


def draw_comparison(
    figure: Any,
    rows: Sequence[Row],
    histories: Mapping[str, Sequence[Mapping[str, float]]],
    metric: str,
) -> None:
    """Draws the validation loss over the steps, a line a variant, and beside it the metric as bars.

    Args:
        figure: A matplotlib figure.
        rows: Finished variants, as `row_of` makes them.
        histories: By variant: the rows of its history.csv.
        metric: The recipe's.
    """
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    loss = "val_nats" if "val_nats" in rows[0] else "val_loss"
    colours = {}
    for row in rows:
        history = histories[row["variant"]]
        (line,) = left.plot(
            [one["step"] for one in history],
            [one[loss] for one in history],
            marker=".",
            label=row["variant"],
        )
        colours[row["variant"]] = line.get_color()
    left.set_xlabel("step")
    left.set_ylabel(f"{loss.replace('val_', 'validation ')}")
    left.grid(alpha=0.3)
    names = [row["variant"] for row in rows]
    bars = right.barh(
        range(len(rows)), [row[metric] for row in rows], color=[colours[name] for name in names]
    )
    right.bar_label(bars, fmt="%.3g", padding=2)
    right.set_yticks(range(len(rows)), names)
    right.invert_yaxis()
    right.margins(x=0.15)
    right.set_xlabel(metric.replace("_", " "))
    figure.tight_layout()
