"""The models that a server holds: loading, choosing, replacing and unloading versions."""

import contextlib
import dataclasses
import enum
import gc
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from zoo.errors import InputError
from zoo.references.versions import list_versions, version_folders
from zoo.serving.model_config import ModelConfig
from zoo.serving.servable import Servable
from zoo.serving.status import Code, ServingError, invalid, public_message

_log = logging.getLogger("zoo.serving")


class State(enum.IntEnum):
    """Where a version stands; names and numbers are those of ModelVersionStatus.State."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclasses.dataclass
class _Version:
    number: int
    folder: Path
    state: State = State.START
    code: Code = Code.OK
    message: str = ""
    servable: Servable | None = None
    in_use: int = 0
    # What the folder looked like when loading it failed; it is tried again when that changes.
    failed_on: tuple | None = None


@dataclasses.dataclass(frozen=True)
class VersionStatus:
    """What a caller may know of a version: number, state, and the error if it failed to load."""

    version: int
    state: State
    code: Code
    message: str


class Models:
    """Keeps the wanted versions of each model loaded and lends them to requests.

    A new version is loaded and warmed up beside the old one; only when it is ready do requests go
    to it, and the old one is let go when its last request has its answer. If a version cannot be
    loaded, that is its status, and the old one serves on.

    Args:
        configs: The models.
        load: Makes a servable of (name, version, folder).
        poll_seconds: How often `start` looks at the folders; 0 looks once.
        source: Asked at each look for a new configuration; None where it is as before.

    Example:

        models = Models([ModelConfig("g2p", Path("saved_models/g2p"))])
        models.refresh()
        with models.lend("g2p") as servable:
            servable.signature("serving_default")
    """

    def __init__(
        self,
        configs: Sequence[ModelConfig],
        load: Callable[[str, int, Path], Servable] = Servable,
        poll_seconds: float = 1.0,
        source: Callable[[], Sequence[ModelConfig] | None] = lambda: None,
    ):
        self._load = load
        self._source = source
        self._poll_seconds = poll_seconds
        # What the source has given and could not be taken so far, and why.
        self._pending: Sequence[ModelConfig] | None = None
        self._refused: str | None = None
        self._configs = {config.name: config for config in configs}
        self._versions: dict[str, dict[int, _Version]] = {}
        # _lock guards what requests read; _refreshing lets one thread at a time load.
        self._lock = threading.Condition()
        self._refreshing = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Loads everything once, then watches the folders from a thread of its own."""
        self.refresh()
        if self._poll_seconds > 0:
            self._thread = threading.Thread(target=self._watch, name="zoo-serving-models")
            self._thread.daemon = True
            self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(self._poll_seconds):
            try:
                self.look()
            except Exception:
                _log.exception("cannot look for new versions")

    def look(self) -> None:
        """Asks the source for a new configuration, then looks for new versions.

        A configuration that cannot be taken yet, such as one whose folder is still being copied,
        is tried again at each look.
        """
        try:
            try:
                self._pending = self._source() or self._pending
            except InputError:
                self._pending = None
                raise
            if self._pending is not None:
                self.reconfigure(self._pending)
            self._refused = None
        except InputError as error:
            if str(error) != self._refused:
                _log.warning("the new configuration is not taken: %s", error)
            self._refused = str(error)
        self.refresh()

    def stop(self, seconds: float = 30.0) -> None:
        """Stops watching and lets all versions go; a load that takes longer is left to itself."""
        self._stop.set()
        with self._lock:
            self._lock.notify_all()
        if self._thread is not None:
            self._thread.join(max(seconds, 0.0))
        with self._lock:
            self._versions.clear()

    def refresh(self) -> None:
        """Brings what is loaded in line with the folders and the configuration, once."""
        with self._refreshing:
            configs = list(self._configs.values())
            for config in configs:
                self._load_wanted(config)
            for config in configs:
                self._unload_unwanted(config)
            for name in set(self._versions) - set(self._configs):
                for version in list(self._versions[name].values()):
                    self._unload(name, version)
                with self._lock:
                    del self._versions[name]

    def _load_wanted(self, config: ModelConfig) -> None:
        with self._lock:
            known = self._versions.setdefault(config.name, {})
        folders = version_folders(config.folder)
        for number in config.policy.choose(list(folders)):
            folder = folders[number]
            version = known.get(number)
            # The same folder by another name ("1" beside "001") is loaded once.
            moved = version is not None and version.folder.parent != config.folder
            if version is None or version.state == State.END or moved:
                self._try_load(config.name, number, folder, None if moved else version)
                if moved:
                    self._unload(config.name, version)

    def _unload_unwanted(self, config: ModelConfig) -> None:
        known = self._versions[config.name]
        wanted = config.policy.choose(list_versions(config.folder))
        # The folder may be unmounted, or the new version broken: what serves goes on serving.
        if any(known[number].state == State.AVAILABLE for number in wanted if number in known):
            for version in list(known.values()):
                if version.number not in wanted:
                    self._unload(config.name, version)
        for version in list(known.values()):
            gone = version.number not in wanted and version.state == State.END
            if gone and version.code != Code.OK:
                with self._lock:
                    del known[version.number]

    def _try_load(self, name: str, number: int, folder: Path, earlier: _Version | None) -> None:
        looks = _looks_of(folder)
        if earlier is not None and earlier.failed_on == looks:
            return
        version = _Version(number, folder, State.LOADING)
        with self._lock:
            self._versions[name][number] = version
        _log.info("loading %s version %d", name, number)
        try:
            servable = self._load(name, number, folder)
        except Exception as error:
            text = public_message(error)
            _log.warning("%s version %d cannot be loaded: %s", name, number, text)
            with self._lock:
                version.state, version.code, version.message = State.END, Code.INTERNAL, text
                version.failed_on = looks
            return
        with self._lock:
            version.servable, version.state = servable, State.AVAILABLE
        _log.info("%s version %d is available", name, number)

    def _unload(self, name: str, version: _Version) -> None:
        with self._lock:
            if version.state != State.AVAILABLE:
                return
            version.state = State.UNLOADING
            self._lock.wait_for(lambda: version.in_use == 0 or self._stop.is_set())
            version.servable, version.state = None, State.END
        gc.collect()  # a SavedModel's functions and variables refer to each other in circles
        _log.info("%s version %d is unloaded", name, version.number)

    @contextlib.contextmanager
    def lend(
        self, name: str, version: int | None = None, label: str | None = None
    ) -> Iterator[Servable]:
        """Lends a servable; it is not unloaded before the block ends.

        Args:
            name: The model.
            version: A number; default: the greatest that is available.
            label: A label in place of the number.

        Raises:
            ServingError: NOT_FOUND for a model or version that is not available,
                INVALID_ARGUMENT for an unknown label.
        """
        with self._lock:
            entry = self._find(name, version, label)
            entry.in_use += 1
        try:
            yield entry.servable
        finally:
            with self._lock:
                entry.in_use -= 1
                self._lock.notify_all()

    def _find(self, name: str, version: int | None, label: str | None) -> _Version:
        if not name:
            raise invalid("Missing model name in request.")
        if label:
            labels = self._configs[name].labels if name in self._configs else {}
            if label not in labels:
                raise invalid(f"Unrecognized servable version label: {label}")
            version = labels[label]
        available = {
            number: entry
            for number, entry in self._versions.get(name, {}).items()
            if entry.state == State.AVAILABLE
        }
        if version is None and available:
            return available[max(available)]
        if version in available:
            return available[version]
        asked = f"Latest({name})" if version is None else f"Specific({name}, {version})"
        raise ServingError(Code.NOT_FOUND, f"Servable not found for request: {asked}")

    def status(
        self, name: str, version: int | None = None, label: str | None = None
    ) -> list[VersionStatus]:
        """Says where the versions of a model stand, the newest first.

        Raises:
            ServingError: NOT_FOUND for a model or version that was never wanted.
        """
        with self._lock:
            if label:
                version = self._find(name, version, label).number
            known = self._versions.get(name, {})
            chosen = [v for n, v in known.items() if version is None or n == version]
            found = [VersionStatus(v.number, v.state, v.code, v.message) for v in chosen]
        if not found:
            what = "any versions" if version is None else f"version {version}"
            raise ServingError(Code.NOT_FOUND, f"Could not find {what} of model {name}")
        return sorted(found, key=lambda status: -status.version)

    def names(self) -> list[str]:
        """Returns the names of the configured models."""
        return sorted(self._configs)

    def ready(self) -> bool:
        """Says whether every configured model has a version that answers."""
        with self._lock:
            return all(
                any(v.state == State.AVAILABLE for v in self._versions.get(name, {}).values())
                for name in self._configs
            )

    def reconfigure(self, configs: Sequence[ModelConfig]) -> None:
        """Serves other models, or the same with other policies and labels, from now on.

        Returns when everything new is loaded; nothing that stays is interrupted.

        Raises:
            InputError: A model folder has no version, or a label names one that is not loaded;
                then the old configuration holds.
        """
        for config in configs:
            if not config.policy.choose(list_versions(config.folder)):
                raise InputError(f"no version of {config.name} is in its base_path")
        # First load, then move the labels, then unload: a label never names what is not there.
        with self._refreshing:
            for config in configs:
                self._load_wanted(config)
                states = {v.version: v.state for v in self.status(config.name)}
                for label, number in config.labels.items():
                    if states.get(number) != State.AVAILABLE:
                        raise InputError(
                            f"label {label!r} of {config.name} names version {number}, "
                            "which is not available"
                        )
            self._configs = {config.name: config for config in configs}
            self._pending = None
        self.refresh()


def _looks_of(folder: Path) -> tuple:
    """A fingerprint of a version folder that changes when somebody repairs it."""
    entries = []
    for path in sorted(folder.rglob("*")):
        with contextlib.suppress(OSError):
            stat = path.stat()
            entries.append((str(path), stat.st_mtime_ns, stat.st_size))
    return tuple(entries)
