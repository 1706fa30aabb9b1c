"""How the default settings do on little data, against each recipe's plain method.

python -m recipes.workbench.small_data [RECIPE ...] [--shares 0.1 0.01] [--minutes 15]

The recipe is fitted with its default settings on a part of its public training data, and measured
on validation data. The table is docs/small_data.md; a row that is made again replaces the old one.
"""

import argparse
import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from recipes.catalog import REGISTRY
from recipes.recipe import Recipe
from recipes.workbench.run import Run, plain_method_ahead
from zoo.errors import InputError, WorkFailedError
from zoo.files import write_atomically
from zoo.training.run_folder import device

SHARES = (0.1, 0.01)
MINUTES = 15.0
# Measuring is to take seconds, not the time of the fit.
MOST_MEASURED = 1000

HEAD = f"""# Small data

Written by `python -m recipes.workbench.small_data`: each recipe with its default settings, fitted
on a part of its public training data (drawn with seed 0) for at most so many minutes, and measured
on validation data ({MOST_MEASURED} examples at most) beside its plain method, which learns from the
same part. "ahead" names the better one by the recipe's metric.

"""


@dataclasses.dataclass(frozen=True)
class Row:
    """A fit on a part of the data, as a row of the table.

    Attributes:
        recipe: its name.
        share: of the public training data, 0 to 1.
        examples: how many that are.
        steps, minutes: what was trained; `cut` where the minutes ended it.
        metric: the recipe's, with an arrow to what is better.
        model, plain: the figures of the network and of the best plain method; None: there is none.
        ahead: which of them is better.
        device: what computed.
    """

    recipe: str
    share: float
    examples: int = 0
    steps: int = 0
    minutes: float = 0.0
    metric: str = ""
    model: float | None = None
    plain: float | None = None
    ahead: str = ""
    device: str = ""


class _Deadline(keras.callbacks.Callback):
    """Ends training when the time is up."""

    def __init__(self, minutes: float):
        super().__init__()
        self.end, self.has_passed = time.monotonic() + 60 * minutes, False

    def on_train_batch_end(self, batch, logs=None):
        if time.monotonic() > self.end:
            self.model.stop_training = self.has_passed = True


def with_part_of(recipe: Recipe, share: float, seed: int = 0) -> Recipe:
    """Returns the recipe with a part of its training data and a bounded validation split.

    Args:
        recipe: any. What is of a kind (`Recipe.kind_of`) that the part lacks is not measured.
        share: of the training examples, 0 to 1; they keep their order.
        seed: seed of the drawing.
    """

    class Part(type(recipe)):
        def examples(self, settings: Any, data: Path | None, split: str) -> list:
            found = super().examples(settings, data, split)
            count = round(len(found) * share) if split == "train" else MOST_MEASURED
            if split == "train" and count >= len(found):
                return found
            if split != "train":
                known = {self.kind_of(one) for one in self.examples(settings, data, "train")}
                found = [one for one in found if self.kind_of(one) in known]
            chosen = np.random.default_rng(seed).permutation(len(found))[: max(1, count)]
            return [found[place] for place in np.sort(chosen)]

    part = Part.__new__(Part)
    part.__dict__.update(recipe.__dict__)
    return part


def fitted_row(name: str, share: float, minutes: float, say=print) -> Row:
    """Fits a recipe on a part of its data and returns its row of the table."""
    part = with_part_of(REGISTRY.get(name), share)
    deadline = _Deadline(minutes)
    with tempfile.TemporaryDirectory() as folder:
        run = Run.start(part, Path(folder) / "run", part.settings)
        began = time.monotonic()
        run.fit(say=say, callbacks=(deadline,))
        spent = (time.monotonic() - began) / 60
        measured = run.evaluate("validation")
        baselines = run.folder.read_json("metrics.json").get("baselines", {}).get("validation", {})
        history = run.folder.read_history()
        examples = len(run.examples("train"))
    figures = [values[part.metric] for values in baselines.values() if part.metric in values]
    best = (min if part.lower_is_better else max)(figures, default=None)
    ahead = "" if best is None else "model"
    if plain_method_ahead(part, measured, baselines):
        ahead = "plain method"
    return Row(
        name,
        share,
        examples,
        int(history[-1]["step"]),
        round(spent, 1),
        f"{part.metric} {'↓' if part.lower_is_better else '↑'}",
        measured[part.metric],
        best,
        f"{ahead}, cut by the time" if deadline.has_passed else ahead,
        device(),
    )


def table(rows: Sequence[Row]) -> str:
    """Returns the rows as a Markdown table."""
    names = [field.name for field in dataclasses.fields(Row)]
    lines = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    for row in rows:
        cells = [_cell(getattr(row, name)) for name in names]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def read_rows(path: Path) -> dict[tuple[str, str], str]:
    """Returns the lines of a table that was written before, by recipe and share."""
    if not path.is_file():
        return {}
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and cells[0] in REGISTRY.names():
            found[cells[0], cells[1]] = line
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes the rows that are asked for, and writes the table after each."""
    parser = argparse.ArgumentParser(prog="python -m recipes.workbench.small_data")
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help="Default: all of them.")
    parser.add_argument("--shares", nargs="+", type=float, default=list(SHARES))
    parser.add_argument("--minutes", type=float, default=MINUTES, help="At most, for each fit.")
    parser.add_argument("--to", type=Path, default=Path("docs") / "small_data.md")
    given = parser.parse_args(arguments)

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    try:
        if not given.minutes > 0 or not all(0 < share <= 1 for share in given.shares):
            raise InputError("expected --minutes above 0 and --shares above 0, to 1")
        chosen = [REGISTRY.get(name).name for name in given.recipes] or REGISTRY.names()
        kept = read_rows(given.to)
        for name in chosen:
            for share in given.shares:
                say(f"{name}, {share:.1%} of the training data")
                try:
                    row = fitted_row(name, share, given.minutes, say)
                except (InputError, WorkFailedError) as error:
                    row = Row(name, share, ahead=str(error).replace("|", "/"))
                finally:
                    keras.backend.clear_session()
                say(json.dumps(dataclasses.asdict(row), ensure_ascii=False))
                head, rule, line = table([row]).splitlines()
                kept[name, _cell(share)] = line
                lines = [kept[key] for key in sorted(kept, key=lambda k: (k[0], -float(k[1])))]
                write_atomically(given.to, HEAD + "\n".join([head, rule, *lines]) + "\n")
    except InputError as error:
        print(f"small_data: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
