"""A run folder that somebody else damaged, filled, or writes into."""

import resource
import subprocess
import sys

import keras
import numpy as np
import pytest

from zoo.errors import InputError
from zoo.training import RunFolder


@pytest.fixture
def folder(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.create({"recipe": "any", "settings": {}})
    return folder


@pytest.fixture
def small_files_only():
    """The system lets no file grow beyond a kilobyte: what a full disk says, for real."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def model(units=30):
    return keras.Sequential([keras.Input([4]), keras.layers.Dense(units)])


def files(folder):
    return sorted(path.name for path in folder.path.rglob("*") if path.is_file())


def test_one_process_trains_in_it(folder):
    program = (
        "import sys\n"
        "from zoo.lock import lock\n"
        "with lock(sys.argv[1]) as taken:\n"
        "    print(taken(), flush=True)\n"
        "    sys.stdin.read()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program, str(folder.path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout.readline() == "True\n"
    with (
        pytest.raises(InputError, match="another process is training here right now"),
        folder.only_one_writer(),
    ):
        pass
    other.kill()
    other.wait()
    with folder.only_one_writer():
        pass


def test_what_a_killed_process_left_half_written_is_removed(folder):
    folder.checkpoints.folder.mkdir()
    for path in (folder.path / "model.7.partial.keras", folder.checkpoints.path(3)):
        path.with_name(f"{path.stem}.7.partial{path.suffix}").write_bytes(b"half")
    with folder.only_one_writer():
        pass
    assert files(folder) == ["lock", "run.json"]


def test_a_full_disk_leaves_the_model_that_was_there(folder, request):
    folder.save_model(model(1))
    before = folder.model.read_bytes()
    request.getfixturevalue("small_files_only")
    with pytest.raises(InputError, match=r"model\.keras: cannot be written: File too large"):
        folder.save_model(model())
    assert folder.model.read_bytes() == before
    with pytest.raises(InputError, match="no space left for the checkpoint of step 9"):
        folder.checkpoints.save(9, [keras.Variable(np.zeros(1000, "float32"))])
    with pytest.raises(InputError, match=r"history\.csv: cannot be written: File too large"):
        folder.write_history([{"step": step, "epoch": 1.0} for step in range(1000)])
    assert files(folder) == ["model.keras", "run.json"]


@pytest.mark.parametrize("damage", [lambda whole: b"", lambda whole: whole[:500], lambda _: b"{}"])
def test_a_model_that_is_not_whole_is_named(folder, damage):
    folder.save_model(model())
    folder.model.write_bytes(damage(folder.model.read_bytes()))
    with pytest.raises(InputError, match=r"model\.keras: cannot be read as a model of the zoo"):
        folder.load_model()


@pytest.mark.parametrize("content", [b"", b'{"recipe"', b"[]", b"{}", b"\xff\xfe"])
def test_a_description_that_is_none_is_named(folder, content):
    (folder.path / "run.json").write_bytes(content)
    with pytest.raises(InputError, match=r"run\.json"):
        folder.description()


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("step,epoch\n3,1\nx,2\n", 3),
        ("a,b\n1,2\n", 2),
        ("step,epoch\n1\n", 2),
        ("step,epoch\n1,2,3\n", 2),
    ],
)
def test_a_history_that_is_none_is_named_by_line(folder, content, line):
    folder.history.write_text(content)
    with pytest.raises(InputError, match=rf"history\.csv: line {line} is not a round"):
        folder.read_history()


def test_an_empty_history_has_no_rounds(folder):
    folder.history.write_text("")
    assert folder.read_history() == []


def test_a_model_with_code_in_it_is_refused(folder):
    """A Lambda layer holds Python code: the file of a stranger must not run it."""
    inputs = keras.Input([1])
    model = keras.Model(inputs, keras.layers.Lambda(lambda x: 1 / 0, output_shape=(1,))(inputs))
    model.save(folder.model)
    with pytest.raises(InputError, match=r"model\.keras: .*[Ll]ambda"):
        folder.load_model()
