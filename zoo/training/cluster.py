"""Which worker of which cluster this process is, as `TF_CONFIG` says it."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from zoo.errors import InputError

_EXAMPLE = (
    '{"cluster": {"worker": ["host0:2222", "host1:2222"]}, "task": {"type": "worker", "index": 0}}'
)


@dataclass(frozen=True)
class Cluster:
    """The workers of a cluster, and which of them this process is.

    Attributes:
        workers: The address of each, "host:port"; the first is the chief, who writes.
        index: index of this process.
    """

    workers: tuple[str, ...]
    index: int

    @property
    def is_chief(self) -> bool:
        return self.index == 0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Cluster | None":
        """Reads TF_CONFIG; None where it is not set, or names one process alone.

        A task of type "chief" is the first worker, as TensorFlow counts.

        Raises:
            InputError: it is not JSON, or names no worker, or not this one, or other tasks.
        """
        text = environment.get("TF_CONFIG", "").strip()
        if not text or text == "{}":
            return None
        try:
            config = json.loads(text)
        except ValueError as error:
            raise InputError(f"TF_CONFIG is not JSON ({error}); expected {_EXAMPLE}") from None
        if not isinstance(config, dict) or not isinstance(config.get("cluster"), dict):
            raise InputError(f"TF_CONFIG has no cluster; expected {_EXAMPLE}")
        tasks = config["cluster"]
        if others := sorted(set(tasks) - {"chief", "worker"}):
            raise InputError(
                f"TF_CONFIG names tasks of type {', '.join(others)}; training here knows workers "
                f"only: {_EXAMPLE}"
            )
        for kind, addresses in tasks.items():
            if not isinstance(addresses, list) or not all(map(_is_address, addresses)):
                raise InputError(
                    f"TF_CONFIG: cluster.{kind}={addresses!r}: expected a list of host:port"
                )
        chief, workers = tasks.get("chief", []), tasks.get("worker", [])
        if len(chief) > 1:
            raise InputError(f"TF_CONFIG names {len(chief)} chiefs; expected one at most")
        everyone = (*chief, *workers)
        if not everyone:
            raise InputError(f"TF_CONFIG names no worker; expected {_EXAMPLE}")
        if len(set(everyone)) < len(everyone):
            raise InputError("TF_CONFIG names one address twice; each worker needs its own")
        index = _index(config.get("task"), chief, workers)
        return cls(everyone, index) if len(everyone) > 1 else None

    def environment(self) -> dict[str, str]:
        """Returns the TF_CONFIG that says this."""
        config = {
            "cluster": {"worker": list(self.workers)},
            "task": {"type": "worker", "index": self.index},
        }
        return {"TF_CONFIG": json.dumps(config)}


def _index(task, chief: list[str], workers: list[str]) -> int:
    if not isinstance(task, dict) or task.get("type") not in ("chief", "worker"):
        raise InputError(
            f"TF_CONFIG: task={task!r}: expected this process's own, for example "
            f'{{"type": "worker", "index": 0}}'
        )
    kind, index = task["type"], task.get("index")
    try:
        # Manifests fill the index in as text.
        index = int(index)
    except (TypeError, ValueError):
        raise InputError(f"TF_CONFIG: task.index={index!r}: expected a whole number") from None
    count = len(chief) if kind == "chief" else len(workers)
    if not 0 <= index < count:
        raise InputError(
            f"TF_CONFIG: task {kind} {index}: the cluster has {count} of type {kind}, counted from "
            f"0"
        )
    return index if kind == "chief" else index + len(chief)


def _is_address(value) -> bool:
    host, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    return bool(host) and port.isdigit() and 0 < int(port) < 65536
