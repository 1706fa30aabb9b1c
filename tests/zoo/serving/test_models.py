"""Versions come and go while requests are answered."""

import shutil
import threading

import pytest

from zoo.errors import InputError
from zoo.serving.model_config import (
    ModelConfig,
    VersionPolicy,
    WatchedFile,
    configs_of_file,
    configs_of_folders,
)
from zoo.serving.models import Models, State
from zoo.serving.status import Code, ServingError


class FakeServable:
    def __init__(self, name, version, path):
        if (path / "broken").exists():
            raise InputError(f"cannot load {path}/saved_model.pb: it is broken")
        self.name, self.version = name, version


def make_version(folder, number, broken=False):
    path = folder / str(number)
    path.mkdir(parents=True)
    (path / "saved_model.pb").write_bytes(b"")
    if broken:
        (path / "broken").write_bytes(b"")
    return path


def make_models(folder, **config):
    models = Models([ModelConfig("m", folder, **config)], FakeServable, poll_seconds=0)
    models.start()
    return models


def states(models):
    return {status.version: status.state.name for status in models.status("m")}


def served(models, **which):
    with models.lend("m", **which) as servable:
        return servable.version


def test_the_newest_version_serves_and_the_old_one_goes(tmp_path):
    make_version(tmp_path, 1)
    models = make_models(tmp_path)
    assert served(models) == 1
    make_version(tmp_path, 2)
    models.refresh()
    assert served(models) == 2
    assert states(models) == {2: "AVAILABLE", 1: "END"}
    with pytest.raises(ServingError) as caught:
        served(models, version=1)
    assert caught.value.code == Code.NOT_FOUND


def test_numbers_are_compared_as_numbers(tmp_path):
    for number in (9, 10):
        make_version(tmp_path, number)
    assert served(make_models(tmp_path)) == 10


def test_a_version_is_not_unloaded_while_it_is_lent(tmp_path):
    make_version(tmp_path, 1)
    models = make_models(tmp_path)
    with models.lend("m") as servable:
        make_version(tmp_path, 2)
        thread = threading.Thread(target=models.refresh)
        thread.start()
        while states(models).get(1) != "UNLOADING":
            pass
        assert served(models) == 2  # new requests go to the new version meanwhile
        assert servable.version == 1 and thread.is_alive()
    thread.join(20)
    assert states(models) == {2: "AVAILABLE", 1: "END"}


def test_a_broken_version_is_reported_and_the_old_one_serves_on(tmp_path):
    make_version(tmp_path, 1)
    models = make_models(tmp_path)
    broken = make_version(tmp_path, 2, broken=True)
    models.refresh()
    assert served(models) == 1
    assert models.ready()
    status = models.status("m", version=2)[0]
    assert status.state == State.END and status.code == Code.INTERNAL
    assert "broken" in status.message and str(tmp_path) not in status.message
    # It is tried again when somebody has repaired it, and not before.
    (broken / "broken").unlink()
    models.refresh()
    assert served(models) == 2


def test_a_broken_version_is_not_loaded_again_and_again(tmp_path):
    make_version(tmp_path, 1, broken=True)
    tries = []

    def load(*arguments):
        tries.append(arguments)
        return FakeServable(*arguments)

    models = Models([ModelConfig("m", tmp_path)], load, poll_seconds=0)
    for _ in range(3):
        models.refresh()
    assert len(tries) == 1
    assert not models.ready()


def test_a_folder_that_disappears_leaves_the_model_serving(tmp_path):
    folder = tmp_path / "m"
    make_version(folder, 1)
    models = make_models(folder)
    shutil.rmtree(folder)
    models.refresh()
    assert served(models) == 1


def test_an_unfinished_export_is_no_version(tmp_path):
    make_version(tmp_path, 1)
    (tmp_path / ".exporting-x").mkdir()
    (tmp_path / "latest").mkdir()
    (tmp_path / "2").write_text("a file")
    assert served(make_models(tmp_path)) == 1


@pytest.mark.parametrize(
    ("policy", "loaded"),
    [
        (VersionPolicy(), {4}),
        (VersionPolicy(latest=2), {3, 4}),
        (VersionPolicy(every=True), {1, 2, 3, 4}),
        (VersionPolicy(specific=(2, 3, 7)), {2, 3}),
    ],
)
def test_policies(tmp_path, policy, loaded):
    for number in (1, 2, 3, 4):
        make_version(tmp_path, number)
    models = make_models(tmp_path, policy=policy)
    assert set(states(models)) == loaded
    assert served(models) == max(loaded)


def test_labels_name_versions(tmp_path):
    for number in (1, 2):
        make_version(tmp_path, number)
    both = VersionPolicy(every=True)
    models = make_models(tmp_path, policy=both, labels={"stable": 1, "canary": 2})
    assert served(models, label="stable") == 1
    assert served(models, label="canary") == 2
    with pytest.raises(ServingError, match="Unrecognized servable version label"):
        served(models, label="old")


def test_reconfiguring_moves_labels_and_models(tmp_path):
    for name in ("m", "n"):
        for number in (1, 2):
            make_version(tmp_path / name, number)
    both = VersionPolicy(every=True)
    models = make_models(tmp_path / "m", policy=both, labels={"stable": 1})
    models.reconfigure([ModelConfig("m", tmp_path / "m", both, {"stable": 2})])
    assert served(models, label="stable") == 2
    with pytest.raises(InputError, match=r"version 9.*not available"):
        models.reconfigure([ModelConfig("m", tmp_path / "m", both, {"stable": 9})])
    assert served(models, label="stable") == 2
    models.reconfigure([ModelConfig("n", tmp_path / "n")])
    assert models.names() == ["n"]
    with pytest.raises(ServingError):
        served(models)
    with pytest.raises(InputError, match="no version of x"):
        models.reconfigure([ModelConfig("x", tmp_path / "x")])


def test_a_model_that_moves_to_another_folder_is_loaded_from_there(tmp_path):
    paths = []

    class Noting(FakeServable):
        def __init__(self, name, version, path):
            super().__init__(name, version, path)
            self.path = path
            paths.append(path)

    for place in ("a", "b"):
        make_version(tmp_path / place, 1)
    models = Models([ModelConfig("m", tmp_path / "a")], Noting, poll_seconds=0)
    models.start()
    models.reconfigure([ModelConfig("m", tmp_path / "b")])
    with models.lend("m") as servable:
        assert servable.path == tmp_path / "b" / "1"
    assert states(models) == {1: "AVAILABLE"}
    models.refresh()
    assert len(paths) == 2


def test_a_label_never_names_a_version_that_is_not_there(tmp_path):
    for number in (1, 2):
        make_version(tmp_path, number)
    models = make_models(tmp_path, policy=VersionPolicy(specific=(1,)), labels={"stable": 1})
    done = threading.Event()
    failures = []

    def ask():
        while not done.is_set():
            try:
                served(models, label="stable")
            except ServingError as error:
                failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    for number in (2, 1, 2, 1):
        config = ModelConfig("m", tmp_path, VersionPolicy(specific=(number,)), {"stable": number})
        models.reconfigure([config])
    done.set()
    thread.join()
    assert failures == []


def test_a_folder_of_models(tmp_path):
    make_version(tmp_path / "a", 1)
    make_version(tmp_path / "b", 1)
    (tmp_path / "notes").mkdir()
    (tmp_path / "README.md").write_text("")
    elsewhere = tmp_path / "elsewhere"
    make_version(elsewhere, 3)
    configs = {c.name: c.folder for c in configs_of_folders(tmp_path, {"b": elsewhere})}
    assert configs == {"a": tmp_path / "a", "b": elsewhere, "elsewhere": elsewhere}


@pytest.mark.parametrize(
    ("base", "models", "says"),
    [
        ("absent", {}, "there is no folder"),
        ("empty", {}, "no model in .*<name>/<version>/saved_model.pb"),
        (None, {"m": "empty"}, "no version of m in .*<version>/saved_model.pb"),
        (None, {}, "nothing to serve"),
    ],
)
def test_a_folder_without_models_is_an_input_error(tmp_path, base, models, says):
    (tmp_path / "empty").mkdir()
    models = {name: tmp_path / folder for name, folder in models.items()}
    with pytest.raises(InputError, match=says):
        configs_of_folders(base and tmp_path / base, models)


def test_a_models_config_file(tmp_path):
    file = tmp_path / "models.config"
    file.write_text(
        """
        model_config_list {
          config { name: "a" base_path: "/models/a" model_platform: "tensorflow" }
          config {
            name: "b" base_path: "/models/b" model_platform: "tensorflow"
            model_version_policy { specific { versions: 4 versions: 5 } }
            version_labels { key: "stable" value: 4 }
            version_labels { key: "canary" value: 5 }
          }
          config { name: "c" base_path: "/models/c" model_version_policy { all {} } }
          config {
            name: "d" base_path: "/models/d" model_version_policy { latest { num_versions: 2 } }
          }
        }
        """
    )
    a, b, c, d = configs_of_file(file)
    assert (a.policy, a.labels) == (VersionPolicy(latest=1), {})
    assert b.policy.specific == (4, 5) and b.labels == {"stable": 4, "canary": 5}
    assert c.policy.every and d.policy.latest == 2 and str(d.folder) == "/models/d"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense {", "no ModelServerConfig"),
        ("", "model_config_list"),
        ('model_config_list { config { name: "a" } }', "base_path"),
        (
            'model_config_list { config { name: "a" base_path: "/a" } '
            'config { name: "a" base_path: "/b" } }',
            "twice",
        ),
    ],
)
def test_a_models_config_file_that_is_none(tmp_path, text, says):
    file = tmp_path / "models.config"
    file.write_text(text)
    with pytest.raises(InputError, match=says):
        configs_of_file(file)
    with pytest.raises(InputError, match="cannot read"):
        configs_of_file(tmp_path / "absent")


def test_a_refused_configuration_is_read_again(tmp_path):
    make_version(tmp_path / "a", 1)
    file = tmp_path / "models.config"

    def write(*names):
        lines = [
            f'config {{ name: "{n}" base_path: "{tmp_path}/{n}" model_platform: "tensorflow" }}'
            for n in names
        ]
        file.write_text(f"model_config_list {{ {' '.join(lines)} }}")

    write("a")
    source = WatchedFile(file)
    models = Models(configs_of_file(file), FakeServable, poll_seconds=0, source=source)
    models.start()
    # The folder of b is still on its way; the file does not change again.
    write("a", "b")
    models.look()
    assert models.names() == ["a"]
    models.look()
    make_version(tmp_path / "b", 1)
    models.look()
    assert models.names() == ["a", "b"] and models.ready()
    # A broken file takes nothing away, and is taken when it is whole.
    file.write_text("nonsense {")
    models.look()
    assert models.names() == ["a", "b"]
    write("b")
    models.look()
    assert models.names() == ["b"]


def test_version_folders_are_numbers_of_int64_with_or_without_leading_zeros(tmp_path):
    for name in ("00000123", "7", "0", "9223372036854775807"):
        make_version(tmp_path, name)
    for name in ("9223372036854775808", "9" * 200, "-1", "+2", "1a", "\u0663", "1.0", "0x10", ""):
        if name:
            make_version(tmp_path, name)
    models = make_models(tmp_path, policy=VersionPolicy(every=True))
    assert set(states(models)) == {0, 7, 123, 2**63 - 1}
    assert served(models, version=123) == 123
    assert served(models) == 2**63 - 1


def test_one_number_by_two_names_is_one_version(tmp_path):
    make_version(tmp_path, "001", broken=True)
    make_version(tmp_path, "1")
    models = make_models(tmp_path)
    assert states(models) == {1: "AVAILABLE"}
