import json

import pytest

from zoo.errors import InputError
from zoo.training.cluster import Cluster


def config(cluster, kind="worker", index=0):
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})}


def test_one_process_needs_no_cluster():
    assert Cluster.from_environment({}) is None
    assert Cluster.from_environment({"TF_CONFIG": " {} "}) is None
    assert Cluster.from_environment(config({"worker": ["a:1"]})) is None


def test_the_first_worker_is_the_chief():
    workers = {"worker": ["a:1", "b:2"]}
    first, second = (Cluster.from_environment(config(workers, index=i)) for i in (0, 1))
    assert (first.workers, first.index, first.is_chief) == (("a:1", "b:2"), 0, True)
    assert (second.index, second.is_chief) == (1, False)
    assert Cluster.from_environment(second.environment()) == second


def test_a_task_of_type_chief_comes_before_the_workers():
    tasks = {"worker": ["b:2"], "chief": ["a:1"]}
    assert Cluster.from_environment(config(tasks, "chief")) == Cluster(("a:1", "b:2"), 0)
    assert Cluster.from_environment(config(tasks, "worker")) == Cluster(("a:1", "b:2"), 1)


def test_manifests_may_give_the_index_as_text():
    assert Cluster.from_environment(config({"worker": ["a:1", "b:2"]}, index="1")).index == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "no cluster"),
        ('{"task": {}}', "no cluster"),
        ('{"cluster": {"ps": ["a:1"]}, "task": {}}', "type ps"),
        ('{"cluster": {"worker": "a:1"}}', "list of host:port"),
        ('{"cluster": {"worker": ["a"]}}', "list of host:port"),
        ('{"cluster": {"worker": ["a:99999"]}}', "list of host:port"),
        ('{"cluster": {"worker": []}}', "no worker"),
        ('{"cluster": {"chief": ["a:1", "b:1"]}}', "2 chiefs"),
        ('{"cluster": {"worker": ["a:1", "a:1"]}}', "twice"),
        ('{"cluster": {"worker": ["a:1", "b:1"]}}', "task=None"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "ps", "index": 0}}', "task="),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker"}}', "whole number"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}', "has 1 of"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "chief", "index": 0}}', "has 0 of"),
    ],
)
def test_a_wrong_one_says_what_would_be_right(text, message):
    with pytest.raises(InputError, match=message) as caught:
        Cluster.from_environment({"TF_CONFIG": text})
    assert str(caught.value).startswith("TF_CONFIG")
