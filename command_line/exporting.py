"""zoo export"""

from pathlib import Path

import click

from command_line import options
from command_line.output import import_tensorflow, print_json


@click.command("export")
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    default=Path("saved_models"),
    show_default=True,
    help="The folder of all saved models; the version goes to DIR/RECIPE/N.",
)
@click.option("--version", type=click.IntRange(min=1), help="Default: the next free number.")
@options.as_json
def command(run_dir, to, version, as_json):
    """Export a run as a numbered SavedModel version with its card."""
    import_tensorflow()
    from recipes.exporting import export
    from recipes.run import Run

    written = export(Run.open(run_dir), to, version)
    if as_json:
        print_json({"path": str(written), "model": written.parent.name})
        return
    click.echo(f"exported: {written}")
    click.echo(f"next: zoo predict {written} INPUT | zoo serve --model-base {to}")
