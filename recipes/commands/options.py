"""Options that several commands share."""

from pathlib import Path

import click

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document, nothing else.")
settings = click.option(
    "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Change a setting; repeat."
)
data = click.option(
    "--data", type=click.Path(path_type=Path), help="Your own file in place of the public data."
)
seed = click.option("--seed", type=int, default=0, show_default=True)


def one_goal(epochs: float | None, steps: int | None) -> None:
    """Refuses both goals at once, and a goal of nothing."""
    if epochs is not None and steps is not None:
        raise click.UsageError("--epochs and --steps exclude each other; give one")
    for name, value in (("--epochs", epochs), ("--steps", steps)):
        if value is not None and value <= 0:
            raise click.UsageError(f"{name} {value:g}: expected more than 0")
