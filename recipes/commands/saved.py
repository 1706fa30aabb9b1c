"""zoo saved"""

from pathlib import Path

import click

from recipes.commands import options
from recipes.commands.output import DownloadLines, import_tensorflow, print_json, say, table
from zoo.errors import InputError, unknown_name

models = click.option(
    "--models",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path("saved_models"),
    show_default=True,
    help="The folder of all saved models.",
)


@click.group("saved")
def command():
    """Fetch, check and remove saved models; pack and push your own."""


@command.command("fetch")
@click.argument("references", nargs=-1, required=True, metavar="SAVED_MODEL ...")
@options.as_json
def fetch(references, as_json):
    """Bring saved models, by name or address, to this machine and check them.

    A fetched model that is damaged is fetched again. $ZOO_MODELS names the address or folder that
    holds the archives, $ZOO_SAVED_MODELS the folder that they are unpacked into.
    """
    from zoo.references import fetched, saved_models
    from zoo.references.index import read_index

    index, found = read_index(), {}
    for reference in references:
        entry, progress = index.get(reference), DownloadLines()
        here = saved_models.on_this_machine(reference)
        kept = fetched.fetched_folder().resolve()
        if entry and (here is None or kept in here.resolve().parents):
            path = fetched.fetch(entry, index, progress)
        else:
            path = saved_models.find(reference, progress)
        found[reference] = str(path)
        if not as_json:
            click.echo(f"{reference}\t{path}")
    if as_json:
        print_json(found)


@command.command("remove")
@click.argument("references", nargs=-1, required=True, metavar="SAVED_MODEL ...")
@options.as_json
def remove(references, as_json):
    """Remove what was fetched; models in other folders are never touched."""
    from zoo.references import fetched

    gone = {}
    for reference in references:
        gone[reference] = [str(path) for path in fetched.remove(reference)]
        if not gone[reference]:
            raise InputError(
                f"{reference}: was not fetched; nothing of that name is in "
                f"{fetched.fetched_folder()}"
            )
        if not as_json:
            say(f"removed: {', '.join(gone[reference])}")
    if as_json:
        print_json(gone)


@command.command("verify")
@click.argument("names", nargs=-1, metavar="[SAVED_MODEL ...]")
@options.as_json
def verify(names, as_json):
    """Check the saved models that are here against the index, byte for byte."""
    from zoo.references import fetched, saved_models
    from zoo.references.index import read_index

    index, rows = read_index(), []
    for name in names or index.names():
        entry = index.get(name)
        if entry is None:
            raise unknown_name("saved model of the index", name, index.names())
        version = saved_models.on_this_machine(f"{name}/{entry.version}")
        wrong = fetched.difference(version, entry) if version else ""
        status = "missing" if version is None else "damaged" if wrong else "ok"
        rows.append({"name": name, "version": entry.version, "status": status, "path": version})
    if as_json:
        print_json([{**row, "path": row["path"] and str(row["path"])} for row in rows])
    else:
        table(rows)
    damaged = [str(row["path"]) for row in rows if row["status"] == "damaged"]
    if damaged:
        raise InputError(
            f"{len(damaged)} not as in the index: {', '.join(damaged[:5])}; a fetched one is "
            f"replaced by zoo saved fetch"
        )
    missing = [row["name"] for row in rows if row["status"] == "missing"]
    if names and missing:
        raise InputError(f"{len(missing)} missing: run zoo saved fetch {' '.join(missing)}")


@command.command("pack")
@click.argument("names", nargs=-1, metavar="[SAVED_MODEL ...]")
@models
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    default=Path("dist/saved_models"),
    show_default=True,
    help="The folder of the archives.",
)
@click.option("--address", help="The address that will hold them. Default: none; see ZOO_MODELS.")
@options.as_json
def pack(names, models, to, address, as_json):
    """Make the release archives and index.json of the newest version of each saved model."""
    import_tensorflow()
    from recipes.workbench.publishing import pack

    index = pack(models, to, address, names)
    rows = [{key: value for key, value in vars(one).items()} for one in index.models]
    if as_json:
        print_json(rows)
        return
    table([{key: row[key] for key in ("name", "version", "bytes", "licence")} for row in rows])
    say(f"{len(rows)} archives of {sum(row['bytes'] for row in rows) / 1e6:.1f} MB in {to}")


@command.command("push")
@click.argument("address")
@click.argument("name", metavar="SAVED_MODEL")
@options.as_json
def push(address, name, as_json):
    """Put SAVED_MODEL at ADDRESS: hf://OWNER/NAME, s3://BUCKET/FOLDER and the like."""
    from zoo.references import saved_models

    version = saved_models.find(name)
    import_tensorflow()
    from recipes.workbench.publishing import push

    found = push(version.parent, address)
    if as_json:
        print_json({"address": found, "version": int(version.name)})
        return
    click.echo(f"pushed: {found}")
    click.echo(f"next: zoo predict {found} INPUT")
