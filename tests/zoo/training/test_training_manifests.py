"""The Kubernetes manifests for training agree with themselves and with the command."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from recipes.commands.fit import command
from recipes.commands.launching import INPUT_ERROR
from zoo.training.cluster import Cluster

yaml = pytest.importorskip("yaml")
FOLDER = Path(__file__).parents[3] / "deploy" / "training"


def things(name):
    found = yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))
    return {thing["kind"]: thing for thing in found}


@pytest.fixture(params=["machine.yaml", "cluster.yaml"])
def manifest(request):
    return things(request.param)


def container(manifest):
    (only,) = manifest["Job"]["spec"]["template"]["spec"]["containers"]
    return only


def started(manifest, index, folder):
    """Runs a worker's script with a `zoo` that says how it was called."""
    zoo = folder / "zoo"
    zoo.write_text('#!/bin/sh\necho "$*"\necho "$TF_CONFIG"\n')
    zoo.chmod(0o755)
    (script,) = container(manifest)["args"]
    given = {v["name"]: v["value"] for v in container(manifest)["env"]}
    done = subprocess.run(
        [*container(manifest)["command"], script.replace("/runs", str(folder))],
        env={"PATH": f"{folder}:{os.environ['PATH']}", "JOB_COMPLETION_INDEX": index, **given},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_a_worker_starts_and_goes_on(manifest, tmp_path):
    for resumes in (False, True):
        words = shlex.split(started(manifest, "0", tmp_path)[0])
        assert words[0] == "fit"
        given = command.make_context("fit", words[1:]).params
        assert (given["recipe"], given["devices"], given["workers"]) == ("g2p", "all", 1)
        assert given["run_dir"] == tmp_path / "g2p"
        assert given["resume"] == resumes
        # The first start makes what the later ones look for.
        given["run_dir"].mkdir(exist_ok=True)
        (given["run_dir"] / "run.json").touch()


def test_every_worker_knows_all_and_itself(tmp_path):
    manifest = things("cluster.yaml")
    job, service = manifest["Job"], manifest["Service"]
    count = job["spec"]["completions"]
    assert job["spec"]["completionMode"] == "Indexed"
    assert job["spec"]["parallelism"] == count
    (port,) = service["spec"]["ports"]
    assert container(manifest)["ports"] == [{"containerPort": port["port"]}]
    assert job["spec"]["template"]["spec"]["subdomain"] == service["metadata"]["name"]
    # The host name that an Indexed Job gives: its own, and the index.
    hosts = tuple(
        f"{job['metadata']['name']}-{i}.{service['metadata']['name']}:{port['port']}"
        for i in range(count)
    )
    for index in range(count):
        config = started(manifest, str(index), tmp_path)[1]
        assert Cluster.from_environment({"TF_CONFIG": config}) == Cluster(hosts, index)


def test_one_process_of_one_machine_is_no_cluster(tmp_path):
    assert started(things("machine.yaml"), "0", tmp_path)[1] == ""


def test_nobody_else_reaches_the_workers():
    manifest = things("cluster.yaml")
    labels = manifest["Job"]["spec"]["template"]["metadata"]["labels"]
    policy = manifest["NetworkPolicy"]["spec"]
    assert manifest["Service"]["spec"]["selector"] == labels
    assert policy["podSelector"]["matchLabels"] == labels
    assert policy["ingress"] == [{"from": [{"podSelector": {"matchLabels": labels}}]}]


def test_what_a_person_got_wrong_is_not_tried_again(manifest):
    pod = manifest["Job"]["spec"]["template"]["spec"]
    # A policy on exit codes asks for it.
    assert pod["restartPolicy"] == "Never"
    fail, ignore = manifest["Job"]["spec"]["podFailurePolicy"]["rules"]
    assert fail["action"] == "FailJob"
    assert fail["onExitCodes"]["values"] == [INPUT_ERROR]
    assert fail["onExitCodes"]["containerName"] == container(manifest)["name"]
    assert ignore == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}


def test_the_run_folder_is_on_the_claimed_volume(manifest):
    claim = manifest["PersistentVolumeClaim"]
    volumes = {v["name"]: v for v in manifest["Job"]["spec"]["template"]["spec"]["volumes"]}
    mounts = {m["mountPath"]: m["name"] for m in container(manifest)["volumeMounts"]}
    volume = volumes[mounts["/runs"]]["persistentVolumeClaim"]["claimName"]
    assert volume == claim["metadata"]["name"]
    shared = manifest["Job"]["spec"].get("completions", 1) > 1
    assert claim["spec"]["accessModes"] == ["ReadWriteMany" if shared else "ReadWriteOnce"]
