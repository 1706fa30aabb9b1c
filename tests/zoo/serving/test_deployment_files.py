"""The files for TensorFlow Serving say what is in `saved_models/`, in its own messages."""

import importlib.metadata
import importlib.util
import os
import time
from pathlib import Path

import pytest
import yaml
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

from zoo.errors import InputError
from zoo.references.versions import list_versions
from zoo.serving import Client, Server, ServingError, batching_parameters

REPOSITORY = Path(__file__).parents[3]
DEPLOY = REPOSITORY / "deploy"
SAVED_MODELS = REPOSITORY / "saved_models"


def load_tool():
    spec = importlib.util.spec_from_file_location("models_config", DEPLOY / "models_config.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


models_config = load_tool()


def saved_models() -> dict[str, list[int]]:
    found = {path.name: list_versions(path) for path in sorted(SAVED_MODELS.glob("*"))}
    return {name: versions for name, versions in found.items() if versions}


def manifests() -> dict[str, dict]:
    documents = [yaml.safe_load(p.read_text()) for p in (DEPLOY / "kubernetes").glob("*.yaml")]
    return {document["kind"]: document for document in documents}


def flags(arguments: list[str]) -> dict[str, str]:
    return dict(a.removeprefix("--").split("=", 1) for a in arguments)


def test_models_config_is_what_the_tool_writes_for_the_saved_models():
    config = models_config.read_config(DEPLOY / "models.config")
    assert config == models_config.make_config(SAVED_MODELS, config), (
        "run: python deploy/models_config.py"
    )


def test_every_saved_model_is_configured_with_versions_that_exist():
    config = models_config.read_config(DEPLOY / "models.config")
    entries = {entry.name: entry for entry in config.model_config_list.config}
    assert set(entries) == set(saved_models())
    for name, entry in entries.items():
        assert entry.base_path == f"/models/{name}" and entry.model_platform == "tensorflow"
        served = list(entry.model_version_policy.specific.versions)
        assert set(served) <= set(saved_models()[name])
        assert set(entry.version_labels) == {"stable", "canary"}
        assert set(entry.version_labels.values()) <= set(served)


def test_batching_parameters_are_the_servers_own_message():
    found = batching_parameters.parse((DEPLOY / "batching_parameters.txt").read_text())
    assert found.num_batch_threads.value >= 1
    for name, versions in saved_models().items():
        for version in versions:
            batching_parameters.read(SAVED_MODELS / name / str(version))


def monitoring_message():
    # tensorflow_serving/config/monitoring_config.proto, which the package does not carry.
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="monitoring.proto", package="s", syntax="proto3")
    prometheus = file.message_type.add(name="PrometheusConfig")
    prometheus.field.add(name="enable", number=1, type=field.TYPE_BOOL, label=1)
    prometheus.field.add(name="path", number=2, type=field.TYPE_STRING, label=1)
    monitoring = file.message_type.add(name="MonitoringConfig")
    monitoring.field.add(
        name="prometheus_config",
        number=1,
        type=field.TYPE_MESSAGE,
        type_name=".s.PrometheusConfig",
        label=1,
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("s.MonitoringConfig"))()


def test_monitoring_is_on_where_prometheus_looks():
    found = text_format.Parse((DEPLOY / "monitoring.config").read_text(), monitoring_message())
    assert found.prometheus_config.enable
    scrape = yaml.safe_load((DEPLOY / "prometheus.yaml").read_text())["scrape_configs"][0]
    assert scrape["metrics_path"] == found.prometheus_config.path
    deployment = manifests()["Deployment"]
    annotations = deployment["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/path"] == found.prometheus_config.path


def test_compose_and_kubernetes_run_the_same_server_of_the_matching_version():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["serving"]
    pod = manifests()["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert compose["image"] == container["image"]
    assert compose["entrypoint"] == container["command"]
    assert compose["command"] == container["args"]
    name, version = container["image"].split(":")
    installed = importlib.metadata.version("tensorflow-serving-api")
    assert name == "tensorflow/serving"
    assert version.split(".")[:2] == installed.split(".")[:2]


def test_every_file_that_a_flag_names_is_mounted_read_only():
    pod = manifests()["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    assert mounts["/models"]["readOnly"] and mounts["/config"]["readOnly"]
    kustomization = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text())
    (generated,) = kustomization["configMapGenerator"]
    named = {Path(v).name for k, v in flags(container["args"]).items() if k.endswith("_file")}
    assert named == set(generated["files"])
    for file in [*generated["files"], *kustomization["resources"]]:
        assert (DEPLOY / file).is_file(), file
    on_disk = {f"kubernetes/{p.name}" for p in (DEPLOY / "kubernetes").glob("*.yaml")}
    assert set(kustomization["resources"]) == on_disk
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert set(volumes) == {mount["name"] for mount in mounts.values()}
    assert volumes["config"]["configMap"]["name"] == generated["name"]
    claim = volumes["models"]["persistentVolumeClaim"]
    assert claim["readOnly"] and claim["claimName"] == "saved-models"
    assert manifests()["PersistentVolumeClaim"]["metadata"]["name"] == "saved-models"
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["serving"]
    assert set(compose["volumes"]) == {"../saved_models:/models:ro", ".:/config:ro"}


def test_ports_probes_and_selectors_belong_together():
    found = manifests()
    pod = found["Deployment"]["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    given = flags(container["args"])
    assert ports == {"grpc": int(given["port"]), "rest": int(given["rest_api_port"])}
    assert {p["targetPort"] for p in found["Service"]["spec"]["ports"]} == set(ports)
    labels = pod["metadata"]["labels"]
    assert found["Service"]["spec"]["selector"] == labels
    assert found["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    target = found["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == (
        "Deployment",
        found["Deployment"]["metadata"]["name"],
    )
    for probe in ("startupProbe", "readinessProbe"):
        parts = container[probe]["httpGet"]["path"].split("/")
        assert parts[1:3] == ["v1", "models"] and parts[4] == "metadata"
        assert not saved_models() or parts[3] in saved_models()


def test_a_roll_out_and_back_is_followed_by_a_running_server(tmp_path, export_gain, capsys):
    models = tmp_path / "models"
    file = tmp_path / "models.config"
    export_gain(models / "gain", 1.0)

    def tool(*arguments) -> int:
        return models_config.main(["--saved-models", str(models), "--file", str(file), *arguments])

    models_config.MOUNTED = str(models)  # where the container would have it
    assert tool() == 0
    with Server(config_file=file, rest_port=0, grpc_port=None, poll_seconds=0.05) as server:
        client = Client(f"http://127.0.0.1:{server.rest_port}", retries=0)

        def gain(label: str) -> float:
            return float(client.predict("gain", {"x": [[1.0, 1.0]]}, label=label)["y"][0, 0])

        def wait_for(stable: float, canary: float) -> None:
            deadline = time.monotonic() + 60
            while (gain("stable"), gain("canary")) != (stable, canary):
                assert time.monotonic() < deadline
                time.sleep(0.02)

        wait_for(1.0, 1.0)
        export_gain(models / "gain", 2.0)
        assert tool("--canary", "gain=2") == 0
        wait_for(1.0, 2.0)
        assert tool("--stable", "gain=2") == 0
        wait_for(2.0, 2.0)
        assert tool("--stable", "gain=1", "--canary", "gain=1") == 0
        wait_for(1.0, 1.0)
        assert tool("--retire") == 0
        while {s["version"]: s["state"] for s in client.status("gain")}[2] != "END":
            time.sleep(0.02)
        # Both labels and the version behind them in one step, which the tool itself never does.
        text = file.read_text()
        file.write_text(text.replace("versions: 1", "versions: 2").replace("value: 1", "value: 2"))
        wait_for(2.0, 2.0)
        # A file that is none changes nothing.
        file.write_text("nonsense {")
        os.utime(file)
        time.sleep(0.3)
        wait_for(2.0, 2.0)
        with pytest.raises(ServingError):
            client.predict("gain", {"x": [[1.0, 1.0]]}, label="other")
    assert "gain: canary 2, stable 1; serving 1, 2" in capsys.readouterr().out


def test_a_label_for_a_version_that_is_not_there_is_refused(tmp_path, export_gain, capsys):
    export_gain(tmp_path / "gain", 1.0)
    file = tmp_path / "models.config"
    arguments = ["--saved-models", str(tmp_path), "--file", str(file)]
    assert models_config.main([*arguments, "--stable", "gain=3"]) == 2
    assert "gain has no version 3 for stable; it has 1" in capsys.readouterr().err
    assert models_config.main([*arguments, "--stable", "gian=1"]) == 2
    assert "did you mean 'gain'" in capsys.readouterr().err
    assert models_config.main([*arguments, "--stable", "gain"]) == 2
    assert "MODEL=VERSION" in capsys.readouterr().err
    assert not file.exists()
    file.write_text("nonsense {")
    with pytest.raises(InputError, match="no ModelServerConfig"):
        models_config.read_config(file)
