"""A lock that one process holds at a time, and that ends with it."""

import contextlib
import errno
from collections.abc import Callable, Iterator
from pathlib import Path

from zoo.errors import InputError

try:
    import fcntl
except ImportError:
    fcntl = None

_NO_LOCKS_HERE = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


@contextlib.contextmanager
def lock(path: Path) -> Iterator[Callable[[], bool]]:
    """Opens a lock file and gives a function that tries to take the lock.

    The system lets go of the lock when the process ends, however it ends; the file stays.

    Args:
        path: the file, made if it is not there.

    Returns:
        A context whose value is called to take the lock: False where another process holds it.
        Where the system or the storage has no locks, it is always taken.

    Raises:
        InputError: the file cannot be made.
    """
    try:
        file = open(path, "a", encoding="utf-8")  # noqa: SIM115
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error
    with file:

        def taken() -> bool:
            if fcntl is None:
                return True
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            except OSError as error:
                # Some network storage has no locks.
                if error.errno not in _NO_LOCKS_HERE:
                    raise
            return True

        yield taken
