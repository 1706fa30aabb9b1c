"""zoo plot"""

from pathlib import Path

import click

from command_line import options
from command_line.output import import_tensorflow, print_json


@click.command("plot")
@click.argument("target", metavar="RUN_DIR|SAVED_MODEL")
@click.argument("given", required=False, metavar="[INPUT]")
@click.option("--to", type=click.Path(path_type=Path), help="The picture; default: PLOT.png here.")
@options.as_json
def command(target, given, to, as_json):
    """Draw the training curves of a run, or what a model does with INPUT (its alignment)."""
    import_tensorflow()
    from recipes.plots import plot

    written = plot(target, given, to)
    if as_json:
        print_json({"path": str(written)})
    else:
        click.echo(f"drawn: {written}")
