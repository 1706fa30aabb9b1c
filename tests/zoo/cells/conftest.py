"""What the tests of cells share."""

import fcntl
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest


@pytest.fixture
def random():
    """A source of numbers that is the same in every run."""
    return np.random.RandomState(7)


@pytest.fixture(scope="session")
def legacy_folder(tmp_path_factory):
    """What TensorFlow's own legacy cells computed, in a process that has tf_keras for Keras.

    Several workers of one test run share the folder: the first one fills it.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "legacy_cells"
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "numbers.npz").exists():
            _run_legacy_cells(folder)
    return folder


def _run_legacy_cells(folder):
    script = pathlib.Path(__file__).with_name("legacy_cells_process.py")
    environment = {**os.environ, "TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="session")
def legacy_numbers(legacy_folder):
    """The arrays of `legacy_folder`, by name."""
    with np.load(legacy_folder / "numbers.npz") as numbers:
        return dict(numbers)
