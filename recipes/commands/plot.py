"""zoo plot"""

from pathlib import Path

import click

from recipes.commands import options
from recipes.commands.output import import_tensorflow, print_json


@click.command("plot")
@click.argument("target", metavar="RUN_DIR|SAVED_MODEL|MODEL")
@click.argument("given", required=False, metavar="[INPUT]")
@click.option("--to", type=click.Path(path_type=Path), help="The picture; default: PLOT.png here.")
@options.settings
@options.as_json
def command(target, given, to, assignments, as_json):
    """Draw the training curves of a run, what a model does with INPUT (its alignment), or the
    structure of a MODEL of `zoo list models`, with its settings by --set."""
    import_tensorflow()
    from recipes.settings import parse
    from recipes.workbench.plots import plot

    written = plot(target, given, to, parse(assignments))
    if as_json:
        print_json({"path": str(written)})
    else:
        click.echo(f"drawn: {written}")
