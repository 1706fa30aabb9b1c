"""zoo fit"""

from pathlib import Path

import click

from command_line import options
from command_line.output import import_tensorflow, print_json, say


@click.command("fit")
@click.argument("recipe")
@options.data
@options.settings
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path),
    help="A JSON file of settings, as `zoo tune` writes it; --set goes over it.",
)
@click.option("--epochs", type=float, help="Passes over the training data.")
@click.option("--steps", type=int, help="Optimizer steps, instead of epochs.")
@options.seed
@click.option("--run-dir", type=click.Path(path_type=Path), help="Default: runs/RECIPE.")
@click.option("--resume", is_flag=True, help="Go on with the run in the folder.")
@options.as_json
def command(
    recipe, data, assignments, settings_file, epochs, steps, seed, run_dir, resume, as_json
):
    """Fit RECIPE into a run folder, on its public data or on your own file."""
    options.one_goal(epochs, steps)
    import_tensorflow()
    import recipes
    from recipes.settings import parse, read_file

    chosen = recipes.get(recipe)
    changes = {**(read_file(settings_file) if settings_file else {}), **parse(assignments)}
    if resume and (changes or data):
        raise click.UsageError(
            "--resume goes on with the run's own settings and data; leave --set, --settings and "
            "--data out, or start a new run in another --run-dir"
        )
    run = chosen.fit(
        run_dir,
        data=data,
        seed=seed,
        resume=resume,
        epochs=epochs,
        steps=steps,
        say=say,
        **changes,
    )
    measured = run.evaluate("validation")
    pairs = run.recipe.samples(run.examples("validation"), 8)
    answer = run.answers(**{run.recipe.input_name: [given for given, _ in pairs]})
    if as_json:
        print_json({"run_dir": str(run.folder.path), "validation": measured})
        return
    click.echo("validation samples (input, answer, score; then the truth):")
    for line, (_, truth) in zip(
        run.recipe.lines([given for given, _ in pairs], answer), pairs, strict=True
    ):
        click.echo(f"  {line}\ttruth: {truth}")
    for name, value in measured.items():
        click.echo(f"validation {name}: {value:.4g}")
    click.echo(f"run folder: {run.folder.path}")
    click.echo(
        f"next: zoo evaluate {run.folder.path} | zoo predict {run.folder.path} INPUT | "
        f"zoo export {run.folder.path}"
    )
