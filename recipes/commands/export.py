"""zoo export"""

from pathlib import Path

import click

from recipes.commands import options
from recipes.commands.output import import_tensorflow, print_json


@click.command("export")
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    default=Path("saved_models"),
    show_default=True,
    help="The folder of all saved models; the version goes to DIR/NAME/N.",
)
@click.option("--version", type=click.IntRange(min=1), help="Default: the next free number.")
@click.option("--name", help="Of the saved model. Default: the recipe's.")
@click.option(
    "--metrics-only",
    is_flag=True,
    help="Write the card and the metrics but no model: for data whose licence forbids passing one "
    "on.",
)
@options.as_json
def command(run_dir, to, version, name, metrics_only, as_json):
    """Export a run as a numbered SavedModel version with its card."""
    import_tensorflow()
    from recipes.workbench.exporting import export
    from recipes.workbench.run import Run

    run = Run.open(run_dir)
    written = export(run, to, version, name, metrics_only)
    if as_json:
        print_json({"path": str(written), "model": name or run.recipe.name})
        return
    click.echo(f"exported: {written}")
    if metrics_only:
        return
    click.echo(f"next: zoo predict {written} INPUT | zoo serve --model-base {to}")
