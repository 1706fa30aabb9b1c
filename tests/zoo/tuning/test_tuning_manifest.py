"""The Kubernetes manifest of a search agrees with itself and with the command."""

import shlex
from pathlib import Path

import pytest

from recipes.commands.tune import command

yaml = pytest.importorskip("yaml")
MANIFEST = Path(__file__).parents[3] / "deploy" / "tuning" / "tuning.yaml"


@pytest.fixture
def things():
    found = yaml.safe_load_all(MANIFEST.read_text(encoding="utf-8"))
    return {(thing["kind"], thing["metadata"]["name"]): thing for thing in found}


@pytest.fixture
def pods(things):
    jobs = {name: thing for (kind, name), thing in things.items() if kind == "Job"}
    return {name: job["spec"]["template"] for name, job in jobs.items()}


def container(pod):
    (only,) = pod["spec"]["containers"]
    return only, {variable["name"]: variable for variable in only["env"]}


def test_workers_find_their_chief(things, pods):
    chief, chief_env = container(pods["tuning-chief"])
    _, worker_env = container(pods["tuning-workers"])
    service = things["Service", "tuning-chief"]
    policy = things["NetworkPolicy", "tuning-chief"]["spec"]
    (port,) = service["spec"]["ports"]
    ports = {
        port["port"],
        int(chief_env["KERASTUNER_ORACLE_PORT"]["value"]),
        int(worker_env["KERASTUNER_ORACLE_PORT"]["value"]),
        chief["ports"][0]["containerPort"],
        policy["ingress"][0]["ports"][0]["port"],
    }
    assert len(ports) == 1
    assert worker_env["KERASTUNER_ORACLE_IP"]["value"] == service["metadata"]["name"]
    assert chief_env["KERASTUNER_ORACLE_IP"]["value"] == "0.0.0.0"
    assert "chief" in chief_env["KERASTUNER_TUNER_ID"]["value"]
    # A worker's name is its pod's, which holds no "chief".
    name = worker_env["KERASTUNER_TUNER_ID"]["valueFrom"]["fieldRef"]["fieldPath"]
    assert name == "metadata.name" and "chief" not in "tuning-workers"
    labels = pods["tuning-chief"]["metadata"]["labels"]
    assert service["spec"]["selector"] == policy["podSelector"]["matchLabels"] == labels
    allowed = policy["ingress"][0]["from"][0]["podSelector"]["matchLabels"]
    assert allowed == pods["tuning-workers"]["metadata"]["labels"] != labels


def test_all_share_one_folder(things, pods):
    claim = things["PersistentVolumeClaim", "tuning"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    for pod in pods.values():
        (volume,) = pod["spec"]["volumes"]
        assert volume["persistentVolumeClaim"]["claimName"] == "tuning"
        (mount,) = container(pod)[0]["volumeMounts"]
        assert mount["mountPath"] == "/runs"


def test_commands_are_ones_that_the_command_line_takes(pods):
    script = container(pods["tuning-chief"])[0]["args"][0]
    lines = [line.strip() for line in script.splitlines() if "exec" in line]
    commands = [shlex.split(line)[1:] for line in lines]
    commands.append(container(pods["tuning-workers"])[0]["command"])
    assert len(commands) == 3
    for words in commands:
        assert words[:2] == ["zoo", "tune"]
        context = command.make_context("tune", words[2:])
        assert str(context.params["run_dir"]) == "/runs/g2p-tuning"
        assert context.params["recipe"] == "g2p"
    assert command.make_context("tune", commands[0][2:]).params["resume"]
    # The first start makes what the later ones look for.
    assert "[ -f /runs/g2p-tuning/search.json ]" in script
