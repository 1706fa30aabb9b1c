"""From a run folder to saved_models/<name>/: a version, its card, its metrics, its assets."""

import inspect
import os
import shutil
from pathlib import Path

import numpy as np

from recipes.workbench.alignment import PICTURE, illustrate
from recipes.workbench.card import card
from recipes.workbench.rebuilding import ASSETS
from recipes.workbench.run import Run
from zoo.errors import InputError
from zoo.files import write_atomically, write_json
from zoo.references.staging import staged
from zoo.references.versions import list_versions
from zoo.serving import export_saved_model
from zoo.signature_names import with_settings


def export(
    run: Run,
    base: Path,
    version: int | None = None,
    name: str | None = None,
    metrics_only: bool = False,
) -> Path:
    """Exports a finished run as the next version of its recipe's model.

    Beside the version folders go README.md (the card), metrics.json (everything that was measured,
    with settings, seed and environment) and assets/ (vocabularies and the like, to go on training
    with; the weights are read from the version's own variables), all of the highest version.

    Args:
        run: A run whose training has come to its end.
        base: The folder of all saved models.
        version: A new number; defaults to the next free one.
        name: name of the saved model. Defaults to the recipe's.
        metrics_only: Writes the card and the metrics but no model: for data whose licence does not
            let a model be passed on.

    Returns:
        The version folder; with `metrics_only`, the folder of the card.

    Raises:
        InputError: training has not finished, the version exists, or the disk is full.
    """
    name = name or run.recipe.name
    folder = Path(base) / name
    metrics = run.folder.read_json("metrics.json") if run.folder.metrics.is_file() else {}
    facts = {**run.folder.description(), "metrics": metrics}
    # Before the version appears: the card shows examples, for which data may be missing.
    picture = None if metrics_only else _picture(run)
    written_card = card(run, facts, None if metrics_only else name, picture)
    if metrics_only:
        _make(folder)
        write_json(folder / "metrics.json", facts)
        write_atomically(folder / "README.md", written_card)
        return folder
    written = export_saved_model(
        run.module,
        run.module.signatures,
        folder,
        version,
        warmup=_requests(run),
        model_name=name,
        methods=getattr(run.module, "methods", None),
    )
    if int(written.name) == list_versions(folder)[-1]:
        kept = _keep_assets(run, folder)
        facts |= {"version": int(written.name), "assets": kept}
        write_json(folder / "metrics.json", facts)
        if picture:
            _copy(run.folder.path / picture, folder / picture)
        write_atomically(folder / "README.md", written_card)
    return written


def _picture(run: Run) -> str | None:
    """Draws what a model with attention over a text looks at, in the run folder."""
    try:
        return PICTURE if illustrate(run, run.folder.path) else None
    except InputError:
        # No matplotlib, or an answer of no words: a card without a picture.
        return None


def _requests(run: Run) -> list:
    """Returns the recipe's warm-up requests that this model takes.

    A recipe of several kinds of models has requests for the signatures and inputs of them all.
    """
    signatures, found = run.module.signatures, {}
    for name, given in run.recipe.warmup():
        if name not in signatures:
            continue
        # What has settings beside its inputs warms up both signatures.
        for asked in (name, with_settings(name)):
            if asked in signatures:
                specs = [spec.name for spec in signatures[asked].input_signature]
                found[asked] = {key: value for key, value in given.items() if key in specs}
        rows = len(next(iter(given.values())))
        for key, value in _defaults(signatures.get(with_settings(name))).items():
            if key in {spec.name for spec in signatures[name].input_signature}:
                found[name].setdefault(key, np.repeat(value, rows, 0))
    return list(found.items())


def _defaults(signature) -> dict[str, np.ndarray]:
    """Returns the defaults [1, ...] of a signature's inputs by name; none for no signature."""
    if signature is None:
        return {}
    parameters = inspect.signature(signature.python_function).parameters.values()
    return {one.name: one.default.numpy() for one in parameters if one.default is not one.empty}


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror}") from error


def _keep_assets(run: Run, folder: Path) -> list[str]:
    """Puts the run's assets beside the versions and returns the names of their files."""
    target, files = folder / ASSETS, []
    try:
        with staged(folder, ".exporting-") as staging:
            new = staging / ASSETS
            shutil.copytree(run.folder.assets, new)
            files = sorted(p.relative_to(new).as_posix() for p in new.rglob("*") if p.is_file())
            if target.exists():
                target.rename(staging / "old")
            new.rename(target)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error
    return files


def _copy(source: Path, destination: Path) -> None:
    partial = destination.with_name("partial." + destination.name)
    try:
        shutil.copyfile(source, partial)
        os.replace(partial, destination)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InputError(f"{destination}: cannot be written: {error.strerror}") from error
