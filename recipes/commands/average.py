"""zoo average"""

from pathlib import Path

import click

from recipes.commands import options
from recipes.commands.output import import_tensorflow, print_json


@click.command("average")
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option(
    "--last", type=int, required=True, metavar="K", help="How many checkpoints; 1 undoes."
)
@options.as_json
def command(run_dir, last, as_json):
    """Make the mean of a run's last K checkpoints its model.

    The checkpoints stay: --last 1 puts the newest back. A run keeps two of them by default; more
    with --set keep_checkpoints=K at its fit.
    """
    import_tensorflow()
    from recipes.workbench.run import Run

    steps = Run.open(run_dir).average(last)
    if as_json:
        print_json({"run_dir": str(run_dir), "averaged": steps})
        return
    click.echo(f"averaged: steps {', '.join(map(str, steps))}")
    click.echo(f"next: zoo evaluate {run_dir} --split validation")
