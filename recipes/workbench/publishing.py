"""Saved models for others: archives with their index, and folders on another machine."""

import dataclasses
import importlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from recipes import datasets
from recipes.catalog import REGISTRY
from recipes.settings import replace
from zoo.errors import InputError
from zoo.references import model_archive
from zoo.references.addresses import DownloadFailed, filesystem, scheme_of, telling_failures
from zoo.references.index import FILE, Entry, Index, write_index
from zoo.references.versions import list_versions, version_folders

MODEL_LICENCE = "Apache-2.0"
# The tasks of the Hugging Face hub, by recipe; it shows a model without one as well.
TASKS = {
    "air_quality": "time-series-forecasting",
    "babi": "question-answering",
    "char_rnn": "text-generation",
    "clip_motion": "video-classification",
    "cloze": "fill-mask",
    "connected_digits": "automatic-speech-recognition",
    "digit_captions": "image-to-text",
    "grid_mnist": "image-classification",
    "headlines": "summarization",
    "intent_slots": "token-classification",
    "names": "text-generation",
    "nationality": "text-classification",
    "ner": "token-classification",
    "pos_tagging": "token-classification",
    "question_type": "text-classification",
    "row_mnist": "image-classification",
    "sentiment": "text-classification",
    "skip_thought": "feature-extraction",
    "spoken_digit_synthesis": "text-to-speech",
    "spoken_digits": "audio-classification",
    "sunspots": "time-series-forecasting",
    "tang_poetry": "text-generation",
    "translation": "translation",
    "video_digits": "video-classification",
}


def pack(base: Path, to: Path, address: str | None = None, names: Iterable[str] = ()) -> Index:
    """Packs the newest version of each saved model, and writes the index of them.

    The index goes beside the models and beside the archives. The same models give the same bytes.

    Args:
        base: The folder of all saved models.
        to: The folder of the archives; it is made where it is missing.
        address: The address that will hold the archives; None: `ZOO_MODELS` says it.
        names: The models to pack; none: all. Of the others the index says nothing.

    Returns:
        The index.

    Raises:
        InputError: There is no such model, or a file cannot be written.
    """
    found = {folder.name: folder for folder in sorted(base.iterdir()) if list_versions(folder)}
    entries = []
    for name in names or found:
        if name not in found:
            raise InputError(f"{base / name}: there is no <version>/saved_model.pb in it")
        version = list_versions(found[name])[-1]
        archive = to / f"{name}-{version}.tar.gz"
        packed = model_archive.packed_file(found[name], version, archive)
        entries.append(
            Entry(
                name=name,
                version=version,
                licence=licence(found[name]),
                address=archive.name,
                **dataclasses.asdict(packed),
            )
        )
    index = Index(address, tuple(entries))
    write_index(index, base / FILE)
    write_index(index, to / FILE)
    return index


def licence(folder: Path) -> str:
    """Returns the model's licence and those of the data that it was trained on."""
    used = [f"{one.name}: {one.licence}" for one in _used(_facts(folder))]
    return "; ".join([MODEL_LICENCE, *used])


def push(folder: Path, address: str) -> str:
    """Puts the newest version of a saved model, with its papers, into a folder elsewhere.

    At hf:// the card is the README of the repository, with the hub's block of metadata.

    Args:
        folder: The model folder.
        address: "hf://owner/name", "s3://bucket/folder" or another of fsspec.

    Returns:
        The address by which `zoo.load` finds it.

    Raises:
        InputError: It may not be written there, or the package of the scheme is not installed.
    """
    versions = version_folders(folder)
    if not versions:
        raise InputError(f"{folder}: there is no <version>/saved_model.pb in it")
    files = {
        path.relative_to(folder).as_posix(): path
        for path in model_archive.members(folder, max(versions))
    }
    if scheme_of(address) == "hf":
        return _to_hub(folder, files, address)
    if scheme_of(address) in ("http", "https"):
        raise InputError(f"{address}: cannot be written to; expected hf://, s3://, gs:// or such")
    there, root = filesystem(address)
    try:
        with telling_failures():
            for name, path in files.items():
                target = f"{root.rstrip('/')}/{name}"
                there.makedirs(target.rpartition("/")[0], exist_ok=True)
                there.put_file(str(path), target)
    except DownloadFailed as failure:
        raise InputError(f"{address}: cannot be written to: {failure}") from None
    return address


def _to_hub(folder: Path, files: dict[str, Path], address: str) -> str:
    try:
        hub = importlib.import_module("huggingface_hub")
    except ModuleNotFoundError:
        raise InputError(
            f"{address}: pushing to hf:// needs huggingface_hub: pip install rnn-zoo[remote]"
        ) from None
    repository = address.partition("://")[2].strip("/")
    if repository.count("/") != 1:
        raise InputError(f"{address}: expected hf://OWNER/NAME")
    card = (metadata(folder) + _card(folder)).encode()
    operations = [
        hub.CommitOperationAdd(name, card if name == "README.md" else str(path))
        for name, path in {"README.md": None, **files}.items()
    ]
    try:
        api = hub.HfApi()
        api.create_repo(repository, exist_ok=True)
        api.create_commit(repository, operations, commit_message=f"Add {folder.name}")
    except Exception as error:
        line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"{address}: cannot be written to: {line}") from None
    return f"hf://{repository}"


def metadata(folder: Path) -> str:
    """Returns the block of YAML that the hub reads at the head of a model's README.

    JSON values are YAML values, so that no text needs to be escaped otherwise.
    """
    facts = _facts(folder)
    used = _used(facts)
    block: dict[str, Any] = {
        "license": "apache-2.0",
        "library_name": "keras",
        "tags": ["tensorflow", "rnn", "rnn-zoo"],
    }
    if facts:
        recipe = REGISTRY.get(facts["recipe"])
        block["tags"] += [recipe.topology, recipe.name]
        if recipe.name in TASKS:
            block["pipeline_tag"] = TASKS[recipe.name]
        block["datasets"] = [one.name for one in used]
        block["metrics"] = [recipe.metric]
        measured = facts.get("metrics", {}).get("test", {}).get(recipe.metric)
        if measured is not None and used:
            result = {
                "task": {"type": TASKS.get(recipe.name, "other")},
                "dataset": {"type": used[0].name, "name": used[0].title, "split": "test"},
                "metrics": [{"type": recipe.metric, "value": measured}],
            }
            block["model-index"] = [{"name": folder.name, "results": [result]}]
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in block.items()]
    return "\n".join(["---", *lines, "---", "", ""])


def _card(folder: Path) -> str:
    path = folder / "README.md"
    return path.read_text(encoding="utf-8") if path.is_file() else f"# {folder.name}\n"


def _facts(folder: Path) -> dict[str, Any]:
    path = folder / "metrics.json"
    try:
        facts = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable as JSON: {error}") from error
    return facts if facts.get("recipe") in REGISTRY else {}


def _used(facts: dict[str, Any]) -> list:
    if not facts or facts.get("data"):
        return []
    recipe = REGISTRY.get(facts["recipe"])
    settings = replace(recipe.settings, facts["settings"])
    return [datasets.get(name) for name in recipe.used_datasets(settings)]
