"""zoo evaluate"""

import click

from recipes.commands import options
from recipes.commands.output import import_tensorflow, print_json


@click.command("evaluate")
@click.argument("target", metavar="RUN_DIR|SAVED_MODEL|RECIPE")
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    default="test",
    show_default=True,
)
@options.as_json
def command(target, split, as_json):
    """Measure a run or a saved model on a split of its data. A recipe means its saved model."""
    import_tensorflow()
    import recipes

    measured = recipes.open_target(target).evaluate(split)
    if as_json:
        print_json({"target": target, "split": split, "metrics": measured})
        return
    for name, value in measured.items():
        click.echo(f"{split} {name}: {value:.4g}")
