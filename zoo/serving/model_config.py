"""Which models to serve, from where, which of their versions, and what their labels mean."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from zoo.errors import InputError
from zoo.references.versions import list_versions


@dataclasses.dataclass(frozen=True)
class VersionPolicy:
    """Which of the versions on disk are served: the newest few, all, or certain ones.

    Args:
        latest: How many of the greatest numbers; used where the others are not set.
        every: All of them.
        specific: Just these.

    Example:

    >>> VersionPolicy(latest=2).choose([1, 2, 3])
    [2, 3]
    """

    latest: int = 1
    every: bool = False
    specific: tuple[int, ...] = ()

    def choose(self, versions: list[int]) -> list[int]:
        """Returns those of the ascending `versions` that are to be served."""
        if self.specific:
            return [version for version in versions if version in self.specific]
        return versions if self.every else versions[-self.latest :]


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """One model: the folder with its numbered versions, its policy and its labels.

    Args:
        name: The name in requests.
        folder: `<folder>/<version>/saved_model.pb`; anything else in it is ignored.
        policy: Which versions to serve.
        labels: Words such as "stable" and "canary" for version numbers.
    """

    name: str
    folder: Path
    policy: VersionPolicy = VersionPolicy()
    labels: Mapping[str, int] = dataclasses.field(default_factory=dict)


def configs_of_folders(
    model_base: Path | None, models: Mapping[str, Path] | None
) -> list[ModelConfig]:
    """Makes the configuration of `zoo serve`: every model under a folder, and single ones.

    Args:
        model_base: A folder of model folders; each that has a version is served under its name.
        models: Name to model folder; a name here wins over the same one under `model_base`.

    Returns:
        One entry a model, newest version, no labels.

    Raises:
        InputError: A folder is missing or has no version; the line says what was expected.

    Example:

        configs_of_folders(Path("saved_models"), {})
    """
    folders: dict[str, Path] = {}
    if model_base is not None:
        model_base = Path(model_base)
        if not model_base.is_dir():
            raise InputError(f"there is no folder {model_base} with models to serve")
        folders = {p.name: p for p in sorted(model_base.iterdir()) if list_versions(p)}
        if not folders:
            raise InputError(
                f"no model in {model_base}: expected <name>/<version>/saved_model.pb below it"
            )
    for name, folder in (models or {}).items():
        if not list_versions(folder):
            raise InputError(
                f"no version of {name} in {folder}: expected <version>/saved_model.pb below it"
            )
        folders[name] = Path(folder)
    if not folders:
        raise InputError("nothing to serve: give model folders or a folder of them")
    return [ModelConfig(name, folder.absolute()) for name, folder in folders.items()]


def configs_of_message(message) -> list[ModelConfig]:
    """Reads a ModelServerConfig, TensorFlow Serving's own `models.config`.

    Args:
        message: A `ModelServerConfig`.

    Raises:
        InputError: It is no list of models, or one lacks a name or a folder.
    """
    if message.WhichOneof("config") != "model_config_list":
        raise InputError("the configuration must be a model_config_list")
    configs = []
    for entry in message.model_config_list.config:
        if not entry.name or not entry.base_path:
            raise InputError("every model in the configuration needs a name and a base_path")
        if any(entry.name == config.name for config in configs):
            raise InputError(f"the model name {entry.name!r} stands twice in the configuration")
        chosen = entry.model_version_policy
        policy = VersionPolicy(
            latest=max(chosen.latest.num_versions, 1),
            every=chosen.HasField("all"),
            specific=tuple(chosen.specific.versions),
        )
        folder = Path(entry.base_path.removeprefix("file://"))
        configs.append(ModelConfig(entry.name, folder, policy, dict(entry.version_labels)))
    return configs


def configs_of_file(file: Path) -> list[ModelConfig]:
    """Reads a `models.config` in protobuf's text format.

    Raises:
        InputError: The file is missing or says something that is no ModelServerConfig.
    """
    from google.protobuf import text_format

    from zoo.serving.optional_packages import load

    config_pb2 = load("tensorflow_serving.config.model_server_config_pb2", "reading models.config")
    try:
        text = Path(file).read_text(encoding="utf-8")
        return configs_of_message(text_format.Parse(text, config_pb2.ModelServerConfig()))
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from None
    except text_format.ParseError as error:
        raise InputError(f"{file} is no ModelServerConfig: {error}") from None


class WatchedFile:
    """A `models.config` that is read again when it has changed.

    Args:
        file: The file.

    Example:

        models = Models(configs_of_file(file), source=WatchedFile(file))
    """

    def __init__(self, file: Path):
        self._file = Path(file)
        self._seen = self._looks()

    def _looks(self) -> tuple[int, int, int] | None:
        try:
            stat = self._file.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def __call__(self) -> list[ModelConfig] | None:
        """Returns the new configuration; None where the file is as before or gone.

        Raises:
            InputError: The file has changed into something that is no configuration, or cannot be
                read; it is read again at the next call.
        """
        looks = self._looks()
        if looks is None or looks == self._seen:
            return None
        configs = configs_of_file(self._file)
        self._seen = looks
        return configs
