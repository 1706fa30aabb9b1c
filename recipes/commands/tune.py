"""zoo tune"""

from pathlib import Path

import click

from recipes.commands import options
from recipes.commands.output import import_tensorflow, plain, print_json, say


@click.command("tune")
@click.argument("recipe")
@click.option(
    "--tuner",
    type=click.Choice(["random", "bayesian", "hyperband"]),
    default="random",
    show_default=True,
    help="How the next values are chosen.",
)
@click.option("--trials", type=int, help="At most so many. Default: 20 without --minutes.")
@click.option("--minutes", type=float, help="The time budget.")
@click.option(
    "--workers",
    type=int,
    default=1,
    show_default=True,
    help="Processes that run trials; 1: this one alone.",
)
@options.data
@options.settings
@click.option("--epochs", type=float, help="Full length of a trial. Default: the recipe's.")
@click.option("--steps", type=int, help="The same in optimizer steps.")
@click.option(
    "--stop-after",
    type=int,
    default=5,
    show_default=True,
    help="Rounds without a better validation measure that end a trial.",
)
@options.seed
@click.option("--run-dir", type=click.Path(path_type=Path), help="Default: runs/RECIPE-tuning.")
@click.option("--resume", is_flag=True, help="Go on with the search in the folder.")
@click.option(
    "--lease",
    type=float,
    default=60.0,
    show_default=True,
    help="Seconds of silence after which a worker's trial is given to another.",
)
@options.as_json
@click.pass_context
def command(
    context,
    recipe,
    tuner,
    trials,
    minutes,
    workers,
    data,
    assignments,
    epochs,
    steps,
    stop_after,
    seed,
    run_dir,
    resume,
    lease,
    as_json,
):
    """Search the space of RECIPE for better settings.

    Over several machines, run the same command on each, with Keras Tuner's environment variables
    KERASTUNER_TUNER_ID (a name that holds "chief" on one, another name on each worker),
    KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT, and --run-dir on storage that all share.
    """
    options.one_goal(epochs, steps)
    for name, value, least in (
        ("--trials", trials, 1),
        ("--workers", workers, 1),
        ("--stop-after", stop_after, 1),
        ("--lease", lease, 1),
    ):
        if value is not None and value < least:
            raise click.UsageError(f"{name} {value:g}: expected {least} or more")
    if minutes is not None and not minutes > 0:
        raise click.UsageError(f"--minutes {minutes:g}: expected more than 0")
    import_tensorflow()
    import recipes
    from recipes.settings import parse
    from recipes.workbench import tuning

    chosen = recipes.get(recipe).recipe
    if tuning.is_worker():
        tuning.work(chosen, run_dir, lease)
        return
    if resume:
        _refuse_changes(context)
    tuned = tuning.tune(
        chosen,
        run_dir,
        tuner=tuner,
        trials=trials,
        minutes=minutes,
        workers=workers,
        data=data,
        epochs=epochs,
        steps=steps,
        seed=seed,
        stop_after=stop_after,
        lease=lease,
        resume=resume,
        say=say,
        settings=parse(assignments),
    )
    _show(tuned, as_json)


def _refuse_changes(context: click.Context) -> None:
    fixed = ("tuner", "data", "assignments", "epochs", "steps", "stop_after", "seed")
    for name in fixed:
        if context.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE:
            option = "--set" if name == "assignments" else f"--{name.replace('_', '-')}"
            raise click.UsageError(
                f"--resume goes on with the search's own {option}; leave it out, or start a new "
                f"search in another --run-dir"
            )


def _show(tuned, as_json: bool) -> None:
    folder, best = tuned.folder, tuned.best
    failed = sum(outcome.status == "failed" for outcome in tuned.outcomes)
    if as_json:
        print_json(
            plain(
                {
                    "run_dir": str(folder.path),
                    "trials": len(tuned.outcomes),
                    "failed": failed,
                    "best": None
                    if best is None
                    else {
                        "trial": best.id,
                        "measure": best.notes.get("measure"),
                        "score": best.score,
                        "settings": tuned.settings,
                    },
                }
            )
        )
        return
    click.echo(f"{len(tuned.outcomes)} trials, {failed} failed: {folder.table}")
    if best is None:
        click.echo("no trial came to a score; give more --minutes and go on with --resume")
        return
    click.echo(f"best: trial {best.id}, {best.notes['measure']} {best.score:.5g}")
    for name, value in tuned.settings.items():
        click.echo(f"  {name} = {'none' if value is None else value}")
    if folder.picture.is_file():
        click.echo(f"what mattered: {folder.picture}")
    about = tuned.plan.about
    data = f" --data {about['data']}" if about["data"] else ""
    click.echo(f"next: zoo fit {about['recipe']}{data} --settings {folder.best}")
