"""Writes `models.config` for everything in `saved_models/`, and moves the labels in it.

    python deploy/models_config.py                                  a new model is there
    python deploy/models_config.py --canary g2p=2                   try version 2 beside the stable
    python deploy/models_config.py --stable g2p=2                   roll it out
    python deploy/models_config.py --stable g2p=1 --canary g2p=1    roll it back
    python deploy/models_config.py --retire                         unload what has no label

A model's labels are kept as they stand in the file; a model that is new gets both labels on its
newest version. A version is served from its first label on until it is retired, so that a label
only ever moves between versions that are loaded, there and back.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from zoo.errors import InputError, unknown_name
from zoo.references.versions import list_versions

HERE = Path(__file__).parent
FILE = HERE / "models.config"
SAVED_MODELS = HERE.parent / "saved_models"
# Where the container has the volume.
MOUNTED = "/models"
LABELS = ("stable", "canary")
_HEAD = "# Written by deploy/models_config.py; TensorFlow Serving reads it again when it changes.\n"


def make_config(
    saved_models: Path,
    before: model_server_config_pb2.ModelServerConfig | None = None,
    moves: Mapping[str, Mapping[str, int]] | None = None,
    retire: bool = False,
) -> model_server_config_pb2.ModelServerConfig:
    """Makes the configuration of all models in a folder.

    Args:
        saved_models: `<name>/<version>/` below it.
        before: The configuration whose labels are kept.
        moves: {label: {model: version}} to set.
        retire: Whether to stop serving versions that have no label.

    Returns:
        A `ModelServerConfig`.

    Raises:
        InputError: A move names a model or version that is not there.

    Example:

        make_config(Path("saved_models"), moves={"canary": {"g2p": 2}})
    """
    models = {p.name: list_versions(p) for p in sorted(saved_models.glob("*")) if p.is_dir()}
    models = {name: versions for name, versions in models.items() if versions}
    entries = before.model_config_list.config if before is not None else ()
    kept = {entry.name: dict(entry.version_labels) for entry in entries}
    served = {e.name: set(e.model_version_policy.specific.versions) for e in entries}
    for label, wanted in (moves or {}).items():
        for name, version in wanted.items():
            if name not in models:
                raise unknown_name("model", name, models)
            if version not in models[name]:
                have = ", ".join(map(str, models[name]))
                raise InputError(f"{name} has no version {version} for {label}; it has {have}")
    config = model_server_config_pb2.ModelServerConfig()
    config.model_config_list.SetInParent()
    for name, versions in models.items():
        entry = config.model_config_list.config.add(
            name=name, base_path=f"{MOUNTED}/{name}", model_platform="tensorflow"
        )
        for label in LABELS:
            version = kept.get(name, {}).get(label, versions[-1])
            version = (moves or {}).get(label, {}).get(name, version)
            entry.version_labels[label] = version if version in versions else versions[-1]
        chosen = set(entry.version_labels.values())
        if not retire:
            chosen |= served.get(name, set()) & set(versions)
        entry.model_version_policy.specific.versions.extend(sorted(chosen))
    return config


def read_config(file: Path) -> model_server_config_pb2.ModelServerConfig:
    """Reads a `models.config`.

    Raises:
        InputError: It is none.
    """
    try:
        return text_format.Parse(
            file.read_text(encoding="utf-8"), model_server_config_pb2.ModelServerConfig()
        )
    except text_format.ParseError as error:
        raise InputError(f"{file} is no ModelServerConfig: {error}") from None


def write_config(file: Path, config: model_server_config_pb2.ModelServerConfig) -> None:
    """Writes a `models.config` in one step: a server that polls it never reads half of one."""
    staging = file.with_name(f".{file.name}.new")
    staging.write_text(_HEAD + text_format.MessageToString(config), encoding="utf-8")
    staging.replace(file)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; 2 where an argument cannot be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for label in LABELS:
        parser.add_argument(f"--{label}", action="append", default=[], metavar="MODEL=VERSION")
    parser.add_argument("--retire", action="store_true", help="unload what has no label")
    parser.add_argument("--saved-models", type=Path, default=SAVED_MODELS)
    parser.add_argument("--file", type=Path, default=FILE)
    given = parser.parse_args(arguments)
    try:
        moves = {label: _read_moves(label, getattr(given, label)) for label in LABELS}
        before = read_config(given.file) if given.file.exists() else None
        config = make_config(given.saved_models, before, moves, given.retire)
        write_config(given.file, config)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    for entry in config.model_config_list.config:
        labels = ", ".join(f"{k} {v}" for k, v in sorted(entry.version_labels.items()))
        versions = ", ".join(map(str, entry.model_version_policy.specific.versions))
        print(f"{entry.name}: {labels}; serving {versions}")
    return 0


def _read_moves(label: str, given: list[str]) -> dict[str, int]:
    moves = {}
    for text in given:
        name, _, version = text.rpartition("=")
        if not name or not version.isdecimal():
            raise InputError(f"--{label} takes MODEL=VERSION, not {text!r}")
        moves[name] = int(version)
    return moves


if __name__ == "__main__":
    sys.exit(main())
