"""Waiting until all workers of a cluster have come up."""

import contextlib
import socket
import time
from collections.abc import Iterator

from zoo.errors import InputError
from zoo.training.cluster import Cluster

_SECONDS_BETWEEN_LOOKS = 0.2
_SECONDS_FOR_AN_ANSWER = 2.0


def missing_workers(cluster: Cluster, wait: float) -> list[int]:
    """Waits for the other workers, and returns those that cannot be reached after some seconds.

    TensorFlow waits as well, but holds Python's lock while it does: no other thread runs, no
    interruption is heard, and its error does not say who is missing. So this comes first: the
    worker listens at its own address, as TensorFlow will, and asks at the others' until each has
    answered once.

    Args:
        cluster: The workers' addresses, and which of them is this one.
        wait: Seconds.

    Raises:
        InputError: this worker cannot listen at its address.
    """
    deadline = time.monotonic() + wait
    missing = [index for index in range(len(cluster.workers)) if index != cluster.index]
    with _listening(cluster) as listener:
        while True:
            _hang_up(listener)
            missing = [index for index in missing if not _answers(cluster.workers[index])]
            if not missing or time.monotonic() > deadline:
                return missing
            time.sleep(_SECONDS_BETWEEN_LOOKS)


@contextlib.contextmanager
def _listening(cluster: Cluster) -> Iterator[socket.socket]:
    address = cluster.workers[cluster.index]
    port = int(address.rpartition(":")[2])
    both = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both else socket.AF_INET
    try:
        listener = socket.create_server(("", port), family=family, dualstack_ipv6=both)
    except OSError as error:
        raise InputError(
            f"TF_CONFIG: worker {cluster.index} cannot listen at {address} ({error.strerror})"
        ) from error
    with listener:
        listener.setblocking(False)
        yield listener


def _hang_up(listener: socket.socket) -> None:
    """Takes the calls that have come: untaken ones would fill the queue, and look like silence."""
    with contextlib.suppress(BlockingIOError):
        while True:
            listener.accept()[0].close()


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), _SECONDS_FOR_AN_ANSWER):
            return True
    except OSError:
        return False
