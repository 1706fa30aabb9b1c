"""Worker processes on this machine: what they are told, and how they end together."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from recipes.commands import launching
from recipes.commands.main import main
from zoo.training.cluster import Cluster

ROOT = Path(__file__).parents[3]
INDEX = 'import json, os; index = json.loads(os.environ["TF_CONFIG"])["task"]["index"]\n'


@pytest.fixture
def crew(monkeypatch):
    """Launches two workers that run a piece of Python each."""
    monkeypatch.delenv("TF_CONFIG", raising=False)
    monkeypatch.setattr(launching, "_SECONDS_OF_GRACE", 1.0)

    def launch(program, workers=2):
        command = [sys.executable, "-c", INDEX + textwrap.dedent(program)]
        return launching.launch(command, workers, "GO ON")

    return launch


def test_each_worker_is_told_who_it_is(crew, tmp_path, monkeypatch):
    monkeypatch.setenv("WHERE", str(tmp_path))
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(6)))
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        monkeypatch.delenv(name, raising=False)
    assert crew(
        """
        names = ("TF_CONFIG", "TF_NUM_INTRAOP_THREADS", "ZOO_LAUNCHER")
        with open(f"{os.environ['WHERE']}/{index}", "w") as file:
            json.dump({name: os.environ[name] for name in names}, file)
        """,
        workers=3,
    ) == 0  # fmt: skip
    told = [json.loads((tmp_path / str(i)).read_text()) for i in range(3)]
    clusters = [Cluster.from_environment(one) for one in told]
    assert [c.index for c in clusters] == [0, 1, 2]
    assert len({c.workers for c in clusters}) == 1
    # The cores are divided.
    assert {one["TF_NUM_INTRAOP_THREADS"] for one in told} == {"2"}
    monkeypatch.setenv("ZOO_LAUNCHER", told[1]["ZOO_LAUNCHER"])
    assert launching.launched() and launching.place_on_this_machine() == (1, 3)


def test_what_the_chief_prints_is_shown_and_no_other_worker(crew, capfd):
    assert crew("print('from', index, flush=True)") == 0
    assert capfd.readouterr().out == "from 0\n"


@pytest.mark.parametrize("lost", [0, 1])
def test_a_killed_worker_ends_all_in_one_line(crew, capfd, lost):
    began = time.monotonic()
    code = crew(
        f"""
        import signal, time
        if index == {lost}:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)
        """
    )
    assert code == launching.LOST and time.monotonic() - began < 30
    line = f"zoo: worker {lost} was ended by SIGKILL, and with it all others; GO ON\n"
    assert capfd.readouterr().err == line


def test_a_worker_that_noticed_the_loss_is_not_its_cause(crew, capfd):
    code = crew(
        """
        import signal, sys, time
        if index == 0:
            sys.exit(75)
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    assert code == launching.LOST
    assert "worker 1 was ended by SIGKILL" in capfd.readouterr().err


def test_a_worker_that_hangs_is_named_and_ended(crew, capfd):
    code = crew("import sys, time; time.sleep(60) if index == 1 else sys.exit(75)")
    assert code == launching.LOST
    assert capfd.readouterr().err.startswith("zoo: worker 1 did not answer")


def test_what_is_wrong_for_all_is_said_once(crew, capfd):
    program = """
        import sys, time
        time.sleep(0.5 * (index == 0))
        print("zoo: wrong", file=sys.stderr)
        sys.exit(2)
        """
    assert crew(program) == 2
    assert capfd.readouterr().err == "zoo: wrong\n"


def test_what_is_wrong_for_one_worker_is_said_by_name(crew, capfd):
    program = """
        import sys, time
        if index == 0:
            time.sleep(60)
        print("noise\\nzoo: this one's data is another", file=sys.stderr)
        sys.exit(2)
        """
    assert crew(program) == 2
    assert capfd.readouterr().err == "zoo: worker 1: this one's data is another\n"


# A shell lets a job in its background ignore SIGINT, and whatever that job starts inherits it.
LAUNCHER = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, {str(ROOT)!r})
from recipes.commands import launching
worker = '''
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from recipes.commands import launching
launching.end_with_launcher()
print("ready", flush=True)
time.sleep(60)
'''
launching.launch([sys.executable, "-c", worker], 2, "")
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_its_launcher(how):
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert launcher.stdout.readline() == b"ready\n"
    children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
    assert len(children) == 2
    launcher.send_signal(how)
    launcher.wait(30)
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{child}/cmdline").exists() for child in children):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("arguments", "config", "message"),
    [
        (["--workers", "0"], "", "--workers 0: expected 1 or more"),
        (["--workers", "-1"], "", "--workers -1: expected 1 or more"),
        (["--devices", "0"], "", "--devices 0: expected a number from 1 on, or all"),
        (["--devices", "two"], "", "--devices two: expected a number"),
        (["--workers", "2"], '{"cluster": {}}', "leave --workers out"),
        ([], '{"cluster": {}}', "TF_CONFIG names no worker"),
    ],
)
def test_what_cannot_be(arguments, config, message, monkeypatch, capsys):
    monkeypatch.setenv("TF_CONFIG", config)
    assert main(["fit", "g2p", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_worker_gets_the_command_without_workers():
    from recipes.commands import fit as fitting

    words = [
        "g2p",
        "--workers=2",
        "--set",
        "units=8",
        "--set=dropout=0",
        "--steps",
        "5",
        "--resume",
    ]
    context = fitting.command.make_context("fit", words)
    line = fitting._command_line(context, context.params)
    assert line[:4] == [sys.executable, "-m", "zoo", "fit"]
    again = fitting.command.make_context("fit", line[4:]).params
    assert again == {**context.params, "workers": 1}
    assert fitting._again(context.params) == "zoo fit g2p --workers 2 --resume"
