"""A run that is refused, diverges, is resumed with other data, or is fitted twice at once."""

import json
import shutil
import signal
import subprocess
import sys
import time

import pytest

import recipes
from recipes.commands.main import main
from zoo.errors import InputError
from zoo.lock import lock


@pytest.fixture
def run(g2p_run, tmp_path):
    """A copy of a finished run, with a copy of its data."""
    data = tmp_path / "own.tsv"
    shutil.copy(g2p_run.data, data)
    folder = tmp_path / "run"
    shutil.copytree(g2p_run.folder.path, folder)
    described = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**described, "data": str(data)}))
    return recipes.Run.open(folder)


def test_a_fit_that_diverges_fails_in_one_line_and_saves_nothing(
    tmp_path, write_pairs, tiny_g2p, capsys
):
    data = write_pairs(tmp_path / "own.tsv")
    settings = {**tiny_g2p, "learning_rate": 1e38, "clip_norm": 1e30}
    folder = tmp_path / "run"
    command = ["fit", "g2p", "--data", str(data), "--steps", "9", "--run-dir", str(folder)]
    assert main([*command, *(f"--set={name}={value}" for name, value in settings.items())]) == 1
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("zoo: training diverged: ") and "at step" in last
    assert "fault of the zoo" not in last
    assert not (folder / "model.keras").exists()
    assert not list(folder.glob("checkpoints/*"))


def test_other_data_than_at_the_start_is_refused(run):
    run.data.write_text(run.data.read_text() + "dd\tD D\n", encoding="utf-8")
    for use in (
        lambda: recipes.get("g2p").fit(run.folder.path, resume=True, steps=7),
        lambda: recipes.Run.open(run.folder.path).evaluate(),
    ):
        with pytest.raises(InputError, match=r"own\.tsv: has changed since the run in"):
            use()
    assert run.folder.model.is_file()


def test_two_cannot_train_in_one_folder(run):
    with lock(run.folder.path / "lock") as taken:
        assert taken()
        with pytest.raises(InputError, match="another process is training here right now"):
            recipes.get("g2p").fit(run.folder.path, resume=True)
    assert run.folder.model.is_file()


def test_a_setting_that_does_not_fit_the_data_leaves_no_folder(tmp_path, write_pairs, tiny_g2p):
    data = write_pairs(tmp_path / "own.tsv")
    with pytest.raises(InputError):
        recipes.get("g2p").fit(tmp_path / "run", data=data, steps=1, **tiny_g2p, batch_tokens=1)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"recipe": "g2p"}', '{"recipe": 3}'])
def test_a_run_json_that_is_none_is_one_line(run, capsys, content):
    (run.folder.path / "run.json").write_text(content)
    assert main(["fit", "g2p", "--resume", "--run-dir", str(run.folder.path)]) == 2
    assert "fault of the zoo" not in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_keeps_its_step_and_says_so(tmp_path, write_pairs, tiny_g2p, number):
    data = write_pairs(tmp_path / "own.tsv")
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "zoo", "fit", "g2p", "--data", str(data)]
    # One round that would take minutes: the interruption comes within the first.
    command += ["--steps", "100000", "--set", "round_steps=100000", "--run-dir", str(folder)]
    command += [f"--set={name}={value}" for name, value in tiny_g2p.items()]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 300
    while not (folder / "tensorboard").exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(10)
    process.send_signal(number)
    said = process.communicate(timeout=300)[1].strip().splitlines()[-1]
    assert process.returncode == 128 + number
    (kept,) = folder.glob("checkpoints/step-*.npz")
    step = int(kept.stem.removeprefix("step-"))
    assert said.startswith(f"zoo: {folder}: interrupted; the checkpoint of step {step} is kept")
    run = recipes.get("g2p").fit(folder, resume=True, steps=step + 2)
    assert run.folder.read_history()[-1]["step"] == step + 2
