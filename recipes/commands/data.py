"""zoo data"""

import click

from recipes.commands import options
from recipes.commands.output import DownloadLines, print_json, say, table
from zoo.errors import InputError


@click.group("data")
def command():
    """List, fetch and verify the public datasets."""


@command.command("list")
@click.argument("pattern", default="*")
@options.as_json
def list_(pattern, as_json):
    """List datasets with size, licence and citation."""
    from recipes.datasets.list_datasets import list_datasets

    rows = list_datasets(pattern)
    if as_json:
        print_json(rows)
        return
    table(rows)


@command.command("fetch")
@click.argument("names", nargs=-1, required=True, metavar="DATASET ...")
@options.as_json
def fetch(names, as_json):
    """Fetch datasets into the cache ($ZOO_DATA) and check every byte."""
    from recipes import datasets

    found = {}
    for name in names:
        found[name] = {
            file: str(path) for file, path in datasets.fetch(name, progress=DownloadLines()).items()
        }
        if not as_json:
            say(f"{name}: {len(found[name])} files, all as published")
    if as_json:
        print_json(found)
    else:
        for name, files in found.items():
            for file, path in files.items():
                click.echo(f"{name}\t{file}\t{path}")


@command.command("verify")
@click.argument("names", nargs=-1, metavar="[DATASET ...]")
@options.as_json
def verify(names, as_json):
    """Check the files that are in the cache against their published sha256."""
    from recipes import datasets

    rows = []
    for name in names or datasets.names():
        for file in datasets.verify(name):
            rows.append({"dataset": name, "file": file.name, "status": file.status})
    if as_json:
        print_json(rows)
    else:
        table(rows)
    damaged = [f"{row['dataset']}/{row['file']}" for row in rows if row["status"] == "damaged"]
    missing = [f"{row['dataset']}/{row['file']}" for row in rows if row["status"] == "missing"]
    if damaged:
        raise InputError(
            f"{len(damaged)} damaged: {', '.join(damaged[:5])}; remove them and run zoo data fetch"
        )
    if names and missing:
        raise InputError(
            f"{len(missing)} missing: {', '.join(missing[:5])}; "
            f"run zoo data fetch {' '.join(names)}"
        )
