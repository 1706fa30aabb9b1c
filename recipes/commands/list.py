"""zoo list"""

import click

from recipes.commands import options
from recipes.commands.output import import_tensorflow, print_json, table

KINDS = ("recipes", "models", "datasets", "saved")


@click.command("list")
@click.argument("kind", type=click.Choice(KINDS), default="recipes")
@click.argument("pattern", default="*")
@options.as_json
def command(kind, pattern, as_json):
    """List recipes, models (the builders), datasets or saved models whose name fits PATTERN."""
    if kind == "models":
        import_tensorflow()
    import recipes

    rows = getattr(recipes, f"list_{kind}")(pattern)
    if as_json:
        print_json(rows)
    elif rows:
        table([{k: v for k, v in row.items() if not isinstance(v, dict | list)} for row in rows])
    else:
        click.echo(f"no {kind} match {pattern!r}", err=True)
