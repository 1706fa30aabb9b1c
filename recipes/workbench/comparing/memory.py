"""Which cell remembers how long: every cell of long_memory at every length, as a table.

python -m recipes.workbench.comparing.memory [--problem adding] [--lengths 100 200 400]
    [--cells simple_rnn gru lstm] [--run-dir runs/long_memory_table] [--to DIR] [--seed 0]

Each run is a run folder of the recipe, `<run-dir>/<problem>-<cell>-<length>`; one that is finished
is not trained again. In --to come a CSV with what was measured on validation data, and a picture of
the gradients over time, before training and after it.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from recipes.catalog import REGISTRY
from recipes.families.memory_problems import run_with_gradients
from recipes.long_memory import LongMemory
from recipes.settings import replace
from recipes.workbench.comparing.fitting import fitted
from recipes.workbench.comparing.tables import as_csv
from recipes.workbench.run import Run
from zoo import training
from zoo.files import write_atomically

SHOWN_SEQUENCES = 32


def run_of(folder: Path, seed: int, problem: str, cell: str, length: int) -> Run:
    """Returns the finished run of a cell at a length; trains it where there is none."""
    recipe = REGISTRY.get(LongMemory.name)
    # Every cell sees the one length that it is measured at.
    changes = {"problem": problem, "cell": cell, "length": length, "shortest": None}
    settings = replace(recipe.settings, changes)
    return fitted(recipe, folder / f"{problem}-{cell}-{length}", settings, seed, say=_say)


def row_of(run: Run) -> dict:
    """Returns what the table says about a run, measured on validation data."""
    if not run.folder.metrics.is_file():
        run.evaluate("validation")
    metrics, settings = run.folder.read_json("metrics.json"), run.settings
    measured = metrics["validation"]
    error = measured.get("mse", measured.get("symbol_error"))
    return {
        "problem": settings.problem,
        "cell": settings.cell,
        "length": settings.length,
        "weights": run.model.count_params(),
        "steps": metrics["training"]["steps"],
        "seconds": metrics["training"]["seconds"],
        "validation_mse": f"{error:.6f}",
        "right_share": f"{measured['right_share']:.4f}",
    }


def gradient_norms(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Returns |d sum / d s_t| over t, the median of 32 sequences: before training and after it."""
    examples = run.examples("validation")[:SHOWN_SEQUENCES]
    training.deterministic(run.seed)
    fresh = run.recipe.build(run.settings, run.assets)
    columns, _ = run.recipe.columns(run.assets, examples)
    given, _ = run.recipe.features({k: tf.constant(v) for k, v in columns.items()})
    return tuple(_medians(model, given) for model in (fresh, run.model))


def _medians(model, given) -> np.ndarray:
    stack, output = model.get_layer("recurrence"), model.get_layer("output_projection")

    @tf.function
    def norms(features, length):
        return run_with_gradients(stack, features, length, lambda h: output(h)[:, 0])[1]

    return np.median(norms(given["features"], given["length"]), 0)


def draw(figure, curves: dict[tuple[str, int], tuple[np.ndarray, np.ndarray]]) -> None:
    """Draws the norms of the gradients, a column a length, before training above, after it below.

    Args:
        figure: Where to draw.
        curves: (cell, length) -> (before, after), each [T].
    """
    lengths = sorted({length for _, length in curves})
    grid = figure.subplots(2, len(lengths), sharey=True, squeeze=False)
    for (cell, length), pair in curves.items():
        for axes, norms in zip(grid[:, lengths.index(length)], pair, strict=True):
            axes.semilogy(np.arange(1, length + 1), np.maximum(norms, 1e-16), label=cell)
    for column, length in enumerate(lengths):
        grid[0, column].set_title(f"T = {length}")
        grid[1, column].set_xlabel("step t")
    grid[0, 0].set_ylabel("before training")
    grid[1, 0].set_ylabel("after training")
    grid[0, 0].legend()
    figure.suptitle("|d answer / d state at step t|")
    figure.tight_layout()


def main(arguments: list[str] | None = None) -> list[dict]:
    """Trains, measures, writes; returns the rows of the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problem", default="adding", choices=("adding", "copying"))
    parser.add_argument("--lengths", type=int, nargs="+", default=[100, 200, 400])
    parser.add_argument("--cells", nargs="+", default=["simple_rnn", "gru", "lstm"])
    parser.add_argument("--run-dir", type=Path, default=Path("runs") / "long_memory_table")
    parser.add_argument("--to", type=Path, help="Default: the run directory.")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    rows, curves = [], {}
    for length in given.lengths:
        for cell in given.cells:
            run = run_of(given.run_dir, given.seed, given.problem, cell, length)
            rows.append(row_of(run))
            _say(", ".join(f"{name} {value}" for name, value in rows[-1].items()))
            if given.problem == "adding":
                curves[cell, length] = gradient_norms(run)
            write(given.to or given.run_dir, given.problem, rows, curves)
    return rows


def write(folder: Path, problem: str, rows: list[dict], curves: dict) -> None:
    """Writes `<problem>.csv` and, where there are curves, `gradients.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / f"{problem}.csv", as_csv(rows))
    if curves:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(4 * len({length for _, length in curves}), 6))
        draw(figure, curves)
        figure.savefig(folder / "gradients.png", dpi=100)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
