"""The strategy that the machine, TF_CONFIG and a person's choice of devices ask for."""

import os
import sys
from collections.abc import Callable
from typing import NoReturn

import tensorflow as tf

from zoo.errors import InputError
from zoo.training.cluster import Cluster
from zoo.training.rendezvous import missing_workers

ALL = "all"
# Pods of a cluster come up one after the other, some only after their image is loaded.
SECONDS_FOR_ALL_TO_COME = 900.0
# Together with TensorFlow's three tries of ten seconds each: a worker that does not answer is
# noticed in less than a minute.
SECONDS_BETWEEN_HEALTH_CHECKS = 10.0


def place(
    devices: int | str = 1,
    say: Callable[[str], None] = lambda line: None,
    worker: int = 0,
    workers: int = 1,
    *,
    wait: float = SECONDS_FOR_ALL_TO_COME,
) -> tf.distribute.Strategy | None:
    """Returns the strategy to train under, or None for one device of one process.

    Must be called before TensorFlow has computed anything.

    Args:
        devices: How many of this process's devices train together, or "all". GPUs where there are
            any; else the processor is taken for as many devices, which is for trying out only.
            Defaults to 1.
        say: Is given lines to show.
        worker, workers: Which of how many workers on this one machine this process is: each takes
            GPUs of its own. Defaults to the only one.
        wait: Seconds that all workers of TF_CONFIG have to come up in; after them this process
            ends with exit code 75.

    Raises:
        InputError: there are fewer devices, or TF_CONFIG cannot be used.
    """
    cluster = Cluster.from_environment()
    gpus = tf.config.list_physical_devices("GPU")
    count = _count(devices, len(gpus), workers)
    if gpus:
        if devices == 1 and cluster is None and len(gpus) > 1:
            say(f"{len(gpus)} GPUs are visible, one is used; --devices all uses them all")
        mine = gpus[worker * count : (worker + 1) * count]
        if mine != tf.config.get_visible_devices("GPU"):
            tf.config.set_visible_devices(mine, "GPU")
    elif count > 1:
        processor = tf.config.list_physical_devices("CPU")[0]
        part = tf.config.LogicalDeviceConfiguration()
        tf.config.set_logical_device_configuration(processor, [part] * count)
    if cluster is not None:
        return _join(cluster, say, wait)
    if count == 1:
        return None
    kind = "GPU" if gpus else "CPU"
    return tf.distribute.MirroredStrategy([f"{kind}:{number}" for number in range(count)])


def _count(devices: int | str, gpus: int, workers: int) -> int:
    if devices == ALL:
        devices = max(1, gpus // workers)
    if devices < 1:
        raise InputError(f"{devices} devices: expected 1 or more, or {ALL}")
    if 0 < gpus < devices * workers:
        raise InputError(
            f"{workers} worker{'s' * (workers > 1)} with {devices} GPU{'s' * (devices > 1)} each: "
            f"only {gpus} GPU{'s are' if gpus > 1 else ' is'} visible; CUDA_VISIBLE_DEVICES=-1 "
            f"tries it on the processor"
        )
    return devices


def _join(
    cluster: Cluster, say: Callable[[str], None], wait: float
) -> tf.distribute.MultiWorkerMirroredStrategy:
    address = cluster.workers[cluster.index]
    say(f"worker {cluster.index} of {len(cluster.workers)}, at {address}; waiting for the others")
    if missing := missing_workers(cluster, wait):
        names = ", ".join(f"{index} ({cluster.workers[index]})" for index in missing)
        several = len(missing) > 1
        _end(
            f"worker {cluster.index} waited {wait:g} s for worker{'s' * several} {names} in vain; "
            f"see whether {'they run' if several else 'it runs'} and can be reached"
        )
    try:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.OpError, RuntimeError) as error:
        line = " ".join(str(error).split())[:300]
        if isinstance(error, tf.errors.DeadlineExceededError | tf.errors.UnavailableError):
            _end(f"worker {cluster.index}: the others came, but one has gone again ({line})")
        raise InputError(
            f"TF_CONFIG: worker {cluster.index} cannot join the cluster at {address} ({line})"
        ) from error
    strategy.extended._check_health_interval = SECONDS_BETWEEN_HEALTH_CHECKS
    return strategy


def _end(why: str) -> NoReturn:
    """Ends this process with the exit code that says: try again."""
    print(f"zoo: {why}", file=sys.stderr, flush=True)
    raise SystemExit(os.EX_TEMPFAIL)
