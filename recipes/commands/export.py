"""zoo export"""

import contextlib
import tempfile
from pathlib import Path

import click

from recipes.commands import options
from recipes.commands.output import import_tensorflow, print_json


@click.command("export")
@click.argument("target", metavar="RUN_DIR|SAVED_MODEL")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    default=Path("saved_models"),
    show_default=True,
    help="The folder of all saved models; the version goes to DIR/NAME/N.",
)
@click.option("--version", type=click.IntRange(min=1), help="Default: the next free number.")
@click.option(
    "--name", help="Name of the saved model. Default: the recipe's, or the saved model's own."
)
@click.option(
    "--metrics-only",
    is_flag=True,
    help="Write the card and the metrics but no model: for data whose licence forbids passing one "
    "on.",
)
@options.as_json
def command(target, to, version, name, metrics_only, as_json):
    """Export a run as a numbered SavedModel version with its card.

    A saved model is built anew from its settings, assets and weights, and exported as this version
    of the zoo exports: with its signatures, and with a card of what was measured before.
    """
    import_tensorflow()
    from recipes.workbench.exporting import export
    from recipes.workbench.opening import SavedRecipe, open_target
    from recipes.workbench.rebuilding import as_run

    run = open_target(target)
    with contextlib.ExitStack() as stack:
        if isinstance(run, SavedRecipe):
            name = name or run.path.parent.name
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            run = as_run(run.path, Path(folder) / "run")
        written = export(run, to, version, name, metrics_only)
    if as_json:
        print_json({"path": str(written), "model": name or run.recipe.name})
        return
    click.echo(f"exported: {written}")
    if metrics_only:
        return
    click.echo(f"next: zoo predict {written} INPUT | zoo serve --model-base {to}")
