"""Compares variants of one recipe on the same data, seed and budget.

python -m recipes.workbench.compare g2p --by attention [--epochs N | --budget-minutes N] [--seed 0]
    [--run-dir runs/compare-g2p-attention] [--only NAME ...] [--data FILE] [--set KEY=VALUE ...]

Each variant is a run folder of the recipe in --run-dir, which also gets comparison.csv,
comparison.md and comparison.png, written anew after each variant, and alignments.png where there
is attention. Started again, it keeps the variants that are finished, goes on with one that was
killed, and tries one that failed again. Everything is measured on validation data.

The settings that all variants share are the recipe's, changed by
`recipes.workbench.comparing.variants.QUICK` and then by --set. With --budget-minutes all variants
get the same number of steps, so many that they train for about that long together.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import keras

from recipes.catalog import REGISTRY
from recipes.drawings.alignment import Alignment, draw_alignments
from recipes.recipe import Recipe, TrainingSettings
from recipes.settings import parse, replace
from recipes.workbench.alignment import illustrate
from recipes.workbench.comparing.fitting import fitted, row_of, steps_within
from recipes.workbench.comparing.tables import as_csv, as_markdown, draw_comparison
from recipes.workbench.comparing.variants import BY, QUICK, Variant, variants
from recipes.workbench.run import Run
from zoo.errors import InputError, unknown_name
from zoo.files import read_json, write_atomically, write_json
from zoo.training.run_folder import RunFolder


class Comparison:
    """The variants of a recipe in a folder, and what is known of them so far.

    Args:
        recipe: What is fitted.
        by: "attention", "forcing" or "context".
        folder: Where everything goes.
        settings: What all variants share.
        seed: seed of each.
        data: A person's own data file, or None.
    """

    def __init__(
        self,
        recipe: Recipe,
        by: str,
        folder: Path,
        settings: TrainingSettings,
        seed: int = 0,
        data: Path | None = None,
    ):
        self.recipe, self.folder, self.shared = recipe, Path(folder), settings
        self.seed, self.data = seed, data
        self.by, self.variants = by, variants(recipe, by)
        self.rows: list[dict[str, Any]] = []
        self.histories: dict[str, list] = {}
        self.devices: dict[str, None] = {}
        self.alignments: dict[str, Alignment] = {}

    def settings(self, variant: Variant) -> TrainingSettings:
        """Returns the settings of a variant."""
        return replace(self.shared, variant.changes)

    def budget(self, minutes: float) -> int:
        """Returns the steps of each variant; measured once, then read from budget.json."""
        budget = self.folder / "budget.json"
        if budget.is_file():
            plan = read_json(budget)
            if plan["minutes"] != minutes:
                raise InputError(
                    f"{self.folder}: was planned for {plan['minutes']} minutes, not {minutes}; "
                    f"give another --run-dir"
                )
            return plan["steps"]
        settings = [self.settings(variant) for variant in self.variants]
        steps = steps_within(self.recipe, settings, minutes, self.seed, self.data, _say)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(budget, {"minutes": minutes, "steps": steps})
        return steps

    def run(self, steps: int | None = None, only: list[str] | None = None) -> list[dict[str, Any]]:
        """Fits and measures each variant; writes after each; returns the rows of the table.

        Args:
            steps: steps of each, in place of the settings' epochs.
            only: Names of the variants to fit; None: all. Of the others, those that are finished
                are in the table too.
        """
        for name in only or []:
            if name not in (names := [variant.name for variant in self.variants]):
                raise unknown_name("variant", name, names)
        for variant in self.variants:
            if only is None or variant.name in only or self._finished(variant):
                self.rows.append(self._row(variant, steps))
                self.write()
        return self.rows

    def _finished(self, variant: Variant) -> bool:
        folder = RunFolder(self.folder / variant.folder)
        return folder.model.is_file() and folder.metrics.is_file()

    def _row(self, variant: Variant, steps: int | None) -> dict[str, Any]:
        path = self.folder / variant.folder
        _say(f"{self.recipe.name}: {variant.name}")
        try:
            settings = self.settings(variant)
            run = fitted(self.recipe, path, settings, self.seed, steps, self.data, _say)
            row = row_of(variant.name, dict(variant.changes), run)
            self.histories[variant.name] = run.folder.read_history()
            made = run.folder.description()["environment"]
            self.devices[f"{made['device']}; commit {made['commit']}"] = None
            self._look(variant, run)
        except Exception as error:  # One variant that fails does not end the others.
            kind = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
            reason = kind + (str(error).strip().splitlines() or ["no reason given"])[0]
            row = {"variant": variant.name, "settings": "", "failed": reason}
        finally:
            keras.backend.clear_session()
        _say(", ".join(f"{name} {value}" for name, value in row.items() if value != ""))
        return row

    def _look(self, variant: Variant, run: Run) -> None:
        """Draws what the variant attends to in the recipe's example, where it attends."""
        try:
            found = illustrate(run, run.folder.path)
        except InputError as error:
            _say(f"no picture: {error}")
            return
        if found is not None:
            self.alignments[variant.name] = found

    def said(self) -> str:
        """Returns what stands over the table: the command, how long it took, and on what."""
        usual = replace(self.recipe.settings, QUICK.get(self.recipe.name, {}))
        changed = [
            f"{name}={value}"
            for name, value in vars(self.shared).items()
            if value != getattr(usual, name)
        ]
        command = f"python -m recipes.workbench.compare {self.recipe.name} --by {self.by}"
        command += f" --seed {self.seed}"
        command += f" --set {' '.join(changed)}" if changed else ""
        minutes = sum(row.get("minutes", 0) for row in self.rows)
        return f"`{command}`: {minutes:.0f} minutes of training; {', '.join(self.devices)}."

    def write(self) -> None:
        """Writes the table and the pictures of the rows so far."""
        metric, lower = self.recipe.metric, self.recipe.lower_is_better
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.folder / "comparison.csv", as_csv(self.rows))
        table = as_markdown(self.rows, metric, lower)
        write_atomically(self.folder / "comparison.md", f"{self.said()}\n\n{table}")
        done = [row for row in self.rows if not row["failed"]]
        if not done:
            return
        from matplotlib.figure import Figure

        figure = Figure(figsize=(11, 1.5 + 0.5 * max(6, len(done))))
        draw_comparison(figure, done, self.histories, metric)
        figure.savefig(self.folder / "comparison.png", dpi=100)
        if self.alignments:
            figure = Figure()
            draw_alignments(figure, self.alignments)
            figure.savefig(self.folder / "alignments.png", dpi=100)


def main(arguments: list[str] | None = None) -> list[dict[str, Any]]:
    """Fits, measures, writes; returns the rows of the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe", help="Such as g2p, translation, headlines or addition.")
    parser.add_argument("--by", choices=tuple(BY), help="Default: attention, or else context.")
    goal = parser.add_mutually_exclusive_group()
    goal.add_argument("--epochs", type=float)
    goal.add_argument("--budget-minutes", type=float, help="Of training, all variants together.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run-dir", type=Path, help="Default: runs/compare-<recipe>-<by>.")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="Fit these alone.")
    parser.add_argument("--data", type=Path, help="Your own file in place of the public data.")
    parser.add_argument("--set", nargs="+", action="extend", default=[], metavar="KEY=VALUE")
    given = parser.parse_args(arguments)
    recipe = REGISTRY.get(given.recipe)
    by = given.by or ("attention" if hasattr(recipe.settings, "attention") else "context")
    changes = {**QUICK.get(recipe.name, {}), **parse(given.set)}
    if given.epochs is not None:
        changes["epochs"] = given.epochs
    settings = replace(recipe.settings, changes)
    folder = given.run_dir or Path("runs") / f"compare-{recipe.name}-{by}"
    comparison = Comparison(recipe, by, folder, settings, given.seed, given.data)
    steps = comparison.budget(given.budget_minutes) if given.budget_minutes is not None else None
    return comparison.run(steps, given.only)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        _say(str(error))
        sys.exit(2)
