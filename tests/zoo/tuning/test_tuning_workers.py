"""A chief and its workers: sharing trials, dying, falling silent, and finding each other."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from zoo.errors import InputError
from zoo.tuning import engine
from zoo.tuning.folder import SearchFolder
from zoo.tuning.report import Report
from zoo.tuning.search import join, lead

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras_tuner.*")

WORKER = """
    import os, signal, sys, time
    from pathlib import Path
    from zoo.tuning.folder import SearchFolder
    from zoo.tuning.search import join

    folder = SearchFolder(sys.argv[1])

    def run_trial(trial):
        if trial.id == "0001":
            # Out of memory, Linux ends a process like this.
            os.kill(os.getpid(), signal.SIGKILL)
        elif trial.id == "0002":
            # Killed once, after a checkpoint.
            mark = folder.path / "mark"
            if not mark.exists():
                trial.report(9.0)
                mark.write_text(str(os.getpid()))
                os.kill(os.getpid(), signal.SIGKILL)
            return 0.5
        time.sleep(0.3)
        return float(trial.id)

    join(lambda plan: run_trial, folder, lease=20.0)
"""


@pytest.fixture
def worker(tmp_path, folder):
    """The command of a worker that dies of trial 0001, and once of trial 0002."""
    script = tmp_path / "worker.py"
    script.write_text(textwrap.dedent(WORKER))
    return [sys.executable, str(script), str(folder.path)]


@pytest.fixture
def chief(folder, make_plan, monkeypatch):
    """Starts the service of an oracle and connects this process to it as a worker."""
    services = []

    def start(**changes):
        plan = make_plan(**changes)
        folder.path.mkdir(parents=True, exist_ok=True)
        folder.plan.write_text(plan.to_json())
        oracle = engine.make_oracle(plan, folder.state)
        service = engine.Service(oracle, "127.0.0.1:0")
        services.append(service)
        monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
        monkeypatch.setenv("KERASTUNER_ORACLE_PORT", str(service.port))
        monkeypatch.setenv("KERASTUNER_TUNER_ID", "a")
        return plan, oracle, service

    yield start
    for service in services:
        service.close()


def test_two_workers_share_the_trials(chief):
    # A proxy for the world outside must not stand between chief and workers.
    os.environ["http_proxy"] = "http://127.0.0.1:9"
    try:
        plan, oracle, service = chief(trials=3)
        first, second = (engine.Suggestions(engine.connect(20), plan) for _ in "ab")
        one, two = first.next("a"), second.next("b")
    finally:
        del os.environ["http_proxy"]
    assert one.id == "0000" and one.values == {"x": 0.9, "y": -0.9, "cell": "gru"}
    assert two.id == "0001" and two.values != one.values
    first.finished(one.id, 1.0)
    three = first.next("a")
    assert three.id == "0002"
    first.failed(three.id)
    # No more to start, but the other one may die yet: who asks waits.
    assert first.next("a") == engine.Suggestions.WAIT
    assert not oracle.is_over and sorted(service.waiting()) == ["a", "b"]
    second.finished(two.id, 2.0)
    assert first.next("a") is None and second.next("b") is None
    assert oracle.is_over and service.waiting() == []
    assert [t.score for t in oracle.trials.values()] == [1.0, 2.0, None]


def test_hyperband_lengths_and_values_travel(chief):
    plan, _, _ = chief(tuner="hyperband")
    worker = engine.Suggestions(engine.connect(20), plan)
    suggestion = worker.next("a")
    assert suggestion.share == pytest.approx(1 / 9)
    assert suggestion.values == {"x": 0.9, "y": -0.9, "cell": "gru"}


def test_a_silent_workers_trial_is_given_to_another(chief):
    plan, oracle, service = chief(trials=2)
    gone, other = (engine.Suggestions(engine.connect(20), plan) for _ in "ab")
    lost = gone.next("gone")
    kept = other.next("other")
    time.sleep(0.5)
    other.is_alive(kept.id)
    assert service.silent(0.4) == ["gone"]
    assert oracle.release("gone") == lost.id
    assert service.silent(0.4) == [] and oracle.release("gone") is None
    other.finished(kept.id, 1.0)
    again = other.next("other")
    assert (again.id, again.values) == (lost.id, lost.values)
    other.finished(again.id, 2.0)
    # It was not dead, only slow: what it says now changes nothing.
    gone.finished(lost.id, 3.0)
    assert other.next("other") is None and oracle.is_over
    assert oracle.end_order == [kept.id, lost.id]


def test_a_worker_restarted_under_its_name_gets_its_trial_back(chief):
    plan, _, _ = chief(trials=3)
    before = engine.Suggestions(engine.connect(20), plan).next("pod-0")
    after = engine.Suggestions(engine.connect(20), plan).next("pod-0")
    assert after == before


def test_a_trial_handed_back_is_given_out_again(chief):
    plan, oracle, _ = chief(trials=1)
    worker = engine.Suggestions(engine.connect(20), plan)
    first = worker.next("a")
    worker.hand_back(first.id)
    assert not oracle.is_over
    assert worker.next("b") == first


def test_a_worker_without_a_chief_says_so(folder, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        monkeypatch.setenv("KERASTUNER_TUNER_ID", "a")
        monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
        with pytest.raises(InputError, match="KERASTUNER_ORACLE_PORT is not set"):
            join(lambda plan: None, folder, lease=1.0)
        monkeypatch.setenv("KERASTUNER_ORACLE_PORT", str(port))
        with pytest.raises(InputError, match=rf"the chief at 127.0.0.1:{port} cannot be reached"):
            join(lambda plan: None, folder, lease=1.0)


def test_a_worker_that_comes_after_the_end_has_nothing_to_do(folder, run, monkeypatch):
    run(trials=1)
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "late")
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    monkeypatch.setenv("KERASTUNER_ORACLE_PORT", "9")
    join(lambda plan: None, folder, lease=1.0)


def test_a_worker_that_sees_another_folder_says_so(chief, tmp_path):
    chief()
    with pytest.raises(InputError, match="one folder on storage that the chief and all workers"):
        join(lambda plan: None, SearchFolder(tmp_path / "elsewhere"), lease=20.0)


def test_a_worker_that_loses_its_chief_in_a_trial_stops(chief, folder):
    _, _, service = chief()

    def run_trial(trial):
        service.close()
        for _ in range(1000):
            trial.may_go_on()
            time.sleep(0.02)
        return 1.0

    with pytest.raises(InputError, match=r"the chief at .* cannot be reached"):
        join(lambda plan: run_trial, folder, lease=1.5)
    assert folder.outcomes.get("0000").status == "unfinished"


def test_two_workers_never_run_one_trial_at_the_same_time(chief, folder):
    plan, oracle, _ = chief(trials=1)
    runs = []

    def run_trial(trial):
        runs.append(trial.id)
        # The chief thinks this worker dead and gives its trial to the next one, who waits.
        oracle.release("a")
        second = threading.Thread(target=work)
        second.start()
        threads.append(second)
        time.sleep(1.2)
        return 1.0

    def work():
        from zoo.tuning.running import run_trials

        suggestions = engine.Suggestions(engine.connect(20), plan)
        run_trials(suggestions, run_trial, plan, folder, "b")

    threads = []
    join(lambda plan: run_trial, folder, lease=20.0)
    threads[0].join(20)
    assert runs == ["0000"] and folder.outcomes.get("0000").score == 1.0
    assert oracle.is_over and oracle.end_order == ["0000"]


def test_an_address_that_is_taken(make_plan, folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(InputError, match=f"{address}: cannot be listened at"):
            lead(make_plan(), folder, Report(folder, make_plan()), address)


@pytest.mark.slow
def test_a_killed_workers_trial_is_given_to_another(tmp_path, make_plan, folder):
    script = tmp_path / "worker.py"
    script.write_text(textwrap.dedent(WORKER).replace("0001", "none").replace("0002", "0000"))
    plan, command = make_plan(trials=1), [sys.executable, str(script), str(folder.path)]
    (outcome,) = lead(plan, folder, Report(folder, plan), command=command, environments=[{}])
    assert (outcome.status, outcome.score, outcome.worker) == ("done", 0.5, "worker-2")


@pytest.mark.slow
def test_killed_workers_are_replaced_and_what_kills_them_has_failed(
    worker, make_plan, folder, rows
):
    plan = make_plan(trials=4)
    lead(plan, folder, Report(folder, plan), command=worker, environments=[{}, {}], lease=20.0)
    table = rows(folder)
    assert [row["status"] for row in table] == ["done", "failed", "done", "done"]
    assert "its process was killed 2 times before it could report a score" in table[1]["reason"]
    assert "SIGKILL" in table[1]["reason"]
    # The killed worker's trial was ended by another one.
    assert (folder.path / "mark").exists() and float(table[2]["score"]) == 0.5
    assert len(list(folder.logs.glob("worker-*.txt"))) >= 4


def test_workers_that_cannot_work_end_the_search(make_plan, folder):
    command = [sys.executable, "-c", "raise SystemExit('no such device')"]
    plan = make_plan()
    with pytest.raises(InputError, match=r"worker-\d ended with exit code 1 .*: no such device"):
        lead(plan, folder, Report(folder, plan), command=command, environments=[{}, {}])


@pytest.mark.slow
def test_workers_end_when_their_chief_is_killed(tmp_path, folder, make_plan):
    """Nothing is left running, and the search goes on from there."""
    worker = tmp_path / "worker.py"
    worker.write_text(
        textwrap.dedent(
            """
            import sys, time
            from zoo.tuning.folder import SearchFolder
            from zoo.tuning.search import join

            def run_trial(trial):
                print("started", trial.id, flush=True)
                end = time.time() + (120 if trial.id == "0001" else 0)
                while time.time() < end:
                    trial.may_go_on()
                    time.sleep(0.05)
                return float(trial.id)

            join(lambda plan: run_trial, SearchFolder(sys.argv[1]), lease=60.0)
            """
        )
    )
    chief = tmp_path / "chief.py"
    chief.write_text(
        textwrap.dedent(
            """
            import sys
            from zoo.tuning.folder import SearchFolder
            from zoo.tuning.plan import Plan
            from zoo.tuning.report import Report
            from zoo.tuning.search import lead

            folder = SearchFolder(sys.argv[1])
            plan = Plan.read(folder.plan)
            command = [sys.executable, *sys.argv[2:], sys.argv[1]]
            lead(plan, folder, Report(folder, plan), command=command, environments=[{}])
            """
        )
    )
    folder.path.mkdir()
    folder.plan.write_text(make_plan(trials=3).to_json())
    process = subprocess.Popen([sys.executable, str(chief), str(folder.path), str(worker)])
    log = folder.logs / "worker-1.txt"
    deadline = time.time() + 120
    while "started 0001" not in (log.read_text() if log.exists() else ""):
        assert time.time() < deadline
        time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    while folder.outcomes.get("0001").status != "unfinished":
        assert time.time() < deadline
        time.sleep(0.2)
    while "the chief that started this worker is gone" not in log.read_text():
        assert time.time() < deadline
        time.sleep(0.2)
    worker.write_text(worker.read_text().replace("120", "0"))
    done = subprocess.run([sys.executable, str(chief), str(folder.path), str(worker)], timeout=120)
    assert done.returncode == 0
    assert [o.status for o in folder.outcomes.all()] == ["done"] * 3
    # The finished trial was not run again.
    assert "started 0000" not in log.read_text() and "started 0001" in log.read_text()
