"""zoo fit"""

import contextlib
import os
import sys
from pathlib import Path

import click

from recipes.commands import launching, options
from recipes.commands.output import import_tensorflow, print_json, say, stop_at_tensorflow
from zoo.errors import InputError, WorkFailedError
from zoo.files import check_new_folder

# A larger file is read once, after TensorFlow is there.
MOST_BYTES_READ_TWICE = 10_000_000


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
@click.option(
    "--devices",
    default="1",
    metavar="N|all",
    help="Devices of this machine (of each worker) that train together. Default: 1.",
)
@click.option(
    "--workers",
    type=int,
    default=1,
    help="Processes on this machine that train together. Over machines: TF_CONFIG. Default: 1.",
)
@options.as_json
@click.pass_context
def command(context, **given):
    """Fit RECIPE into a run folder, on its public data or on your own file.

    With --devices, --workers or the environment variable TF_CONFIG (one process a machine) each
    batch is shared by all devices; the result is that of one, to rounding.
    """
    options.one_goal(given["epochs"], given["steps"])
    _check_spread(given)
    if given["workers"] > 1:
        return launching.launch(
            _command_line(context, given), given["workers"], f"{_again(given)} goes on"
        )
    return _fit(given)


def _check_spread(given) -> None:
    devices, workers = given["devices"], given["workers"]
    if devices != "all" and not (devices.isdecimal() and int(devices) > 0):
        raise click.UsageError(f"--devices {devices}: expected a number from 1 on, or all")
    if workers < 1:
        raise click.UsageError(f"--workers {workers}: expected 1 or more")
    if workers > 1 and os.environ.get("TF_CONFIG", "").strip() not in ("", "{}"):
        raise click.UsageError(
            "TF_CONFIG is set: this process is a worker of a cluster already; leave --workers out"
        )


def _command_line(context: click.Context, given) -> list[str]:
    """Returns the command of one worker: this one, without --workers."""
    line = [sys.executable, "-m", "zoo", "fit", given["recipe"]]
    for parameter in context.command.params:
        value = given[parameter.name]
        if parameter.name in ("recipe", "workers") or value is None or value is False:
            continue
        for one in value if parameter.multiple else [value]:
            line += [parameter.opts[0]] if value is True else [f"{parameter.opts[0]}={one}"]
    return line


def _again(given) -> str:
    spread = "".join(
        f" --{name} {given[name]}" for name in ("workers", "devices") if str(given[name]) != "1"
    )
    folder = f" --run-dir {given['run_dir']}" if given["run_dir"] else ""
    return f"zoo fit {given['recipe']}{spread}{folder} --resume"


def _changes(given) -> dict:
    """Returns the settings that were given, by name."""
    from recipes.settings import parse, read_file

    file = given["settings_file"]
    return {**(read_file(file) if file else {}), **parse(given["assignments"])}


def _check(given) -> None:
    """Raises for what can be seen before TensorFlow is there, which takes seconds to import."""
    from recipes.catalog import REGISTRY
    from recipes.settings import replace

    recipe, changes = REGISTRY.get(given["recipe"]), _changes(given)
    if given["resume"] and (changes or given["data"]):
        raise click.UsageError(
            "--resume goes on with the run's own settings and data; leave --set, --settings and "
            "--data out, or start a new run in another --run-dir"
        )
    # An option, as `seed`, is no setting.
    settings = replace(recipe.settings, changes)
    folder = given["run_dir"] or Path("runs") / recipe.name
    if given["resume"]:
        if not (folder / "run.json").is_file():
            raise InputError(f"{folder}: there is no run here (run.json is missing)")
        return
    check_new_folder(folder, "run.json", "run")
    if (data := given["data"]) is None:
        return
    if not data.exists():
        raise InputError(f"{data}: there is no such file")
    if data.is_file() and data.stat().st_size <= MOST_BYTES_READ_TWICE:
        # It is read again for training, which costs little.
        stop_at_tensorflow(lambda: recipe.examples(settings, data, "train"))


def _fit(given) -> int:
    _check(given)
    import_tensorflow()
    if launching.launched():
        launching.end_with_launcher()
    from zoo import training

    # Before anything is computed: TensorFlow takes on its devices and peers once only.
    devices = given["devices"]
    strategy = training.place(
        devices if devices == "all" else int(devices),
        _silence if launching.launched() else say,
        *launching.place_on_this_machine(),
    )
    distribution = training.Distribution(strategy)
    with _ending_at_once(distribution), distribution.scope():
        run = _fitted(given, say if distribution.is_chief else _silence)
    if distribution.is_chief:
        _show(run, given["as_json"])
    if distribution.workers:
        _end_now(0)
    return 0


@contextlib.contextmanager
def _ending_at_once(distribution):
    """Ends a worker of several that cannot go on: TensorFlow would first wait for the others."""
    from zoo.training import TrainingInterruptedError
    from zoo.training.distribution import WorkerLostError

    try:
        yield
    except WorkerLostError as error:
        # The launcher sees all workers, and says which one it was.
        if not launching.launched():
            say(f"zoo: {error}")
        _end_now(launching.LOST)
    except (InputError, click.ClickException) as error:
        if not distribution.workers:
            raise
        say(f"zoo: {' '.join(str(error).split())}")
        _end_now(launching.INPUT_ERROR)
    except WorkFailedError as error:
        if not distribution.workers:
            raise
        say(f"zoo: {error}")
        _end_now(launching.FAILED)
    except TrainingInterruptedError as error:
        if not distribution.workers:
            raise
        say(f"zoo: {error}")
        _end_now(128 + error.number)


def _fitted(given, say):
    import recipes

    chosen, changes = recipes.get(given["recipe"]), _changes(given)
    same = ("run_dir", "data", "seed", "resume", "epochs", "steps")
    how = {name: given[name] for name in same}
    # The one that is a setting too; the option goes over it.
    epochs = changes.pop("epochs", None)
    how["epochs"] = epochs if how["epochs"] is None else how["epochs"]
    return chosen.fit(**how, say=say, **changes)


def _show(run, as_json: bool) -> None:
    from recipes.workbench.run import plain_method_ahead

    measured = run.evaluate("validation")
    baselines = run.folder.read_json("metrics.json").get("baselines", {}).get("validation", {})
    if ahead := plain_method_ahead(run.recipe, measured, baselines):
        say(ahead)
    if as_json:
        print_json({"run_dir": str(run.folder.path), "validation": measured})
        return
    click.echo("validation samples (input, answer; then the truth):")
    for shown in run.recipe.show(run.answers, run.examples("validation"), 8):
        click.echo(f"  {shown.given}\t{shown.says}\ttruth: {shown.truth}")
    for name, value in measured.items():
        click.echo(f"validation {name}: {value:.4g}")
    click.echo(f"run folder: {run.folder.path}")
    click.echo(
        f"next: zoo evaluate {run.folder.path} | zoo predict {run.folder.path} INPUT | "
        f"zoo export {run.folder.path}"
    )


def _silence(line: str) -> None:
    pass


def _end_now(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
