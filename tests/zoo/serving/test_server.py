"""The server as a whole: faults, limits, tokens, TLS, versions swapped under load, signals."""

import json
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import httpx
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import (
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from zoo.errors import InputError
from zoo.serving import Client, Code, Server, ServingError
from zoo.serving.servable import Signature

REPOSITORY = Path(__file__).parents[3]


def url(server, path="") -> str:
    return f"http://127.0.0.1:{server.rest_port}{path}"


def answers(server) -> bool:
    """Asks for one prediction that is known."""
    body = {"signature_name": "scalar", "inputs": 2.5}
    answer = httpx.post(url(server, "/v1/models/lexicon:predict"), json=body, timeout=20).json()
    return answer["outputs"] == 2.5


def test_an_80_megabyte_request_is_refused_by_both_interfaces(server):
    def eighty_megabytes():
        yield b'{"instances": ["'
        for _ in range(80):
            yield b"a" * (1 << 20)
        yield b'"]}'

    place = url(server, "/v1/models/lexicon:predict")
    response = httpx.post(place, content=eighty_megabytes(), timeout=60)
    assert response.status_code == 413
    assert "bytes that are allowed" in response.json()["error"]

    request = predict_pb2.PredictRequest()
    request.model_spec.name = "lexicon"
    word = request.inputs["word"]
    word.CopyFrom(tf.make_tensor_proto([b"a" * (80 << 20)]))
    with grpc.insecure_channel(
        f"127.0.0.1:{server.grpc_port}", [("grpc.max_send_message_length", -1)]
    ) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Predict(request, timeout=60)
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert answers(server)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /v1/models/lexicon:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        b"POST /v1/models/lexicon:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 33\r\n\r\n"
        b'{"inputs": {"word": ["abcdefgh"]}}',
        b"NONSENSE\r\n\r\n",
        b"\x16\x03\x01\x00\xff" + bytes(range(200)),
        b"GET /v1/models/" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["nothing", "half a body", "gone before the answer", "no HTTP", "TLS", "a long address"],
)
def test_a_client_that_hangs_up_or_talks_nonsense_harms_nobody(server, sent):
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", server.rest_port)) as connection:
            connection.sendall(sent)
            # Closing with a zero linger sends a reset rather than a polite end.
            connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
            )
    assert answers(server)


def scramble(rng: random.Random) -> bytes:
    """Makes a body that is nearly a request: valid ones cut, doubled, retyped, or noise."""
    values = [None, True, 1, -1, 2**70, 1e308, "a", "", [], {}, {"b64": "!"}, [[]], [["a"], "b"]]
    values += [{"b64": "YQ=="}, ["a"] * 3, [1.5], [[1, 2], [3]], "\ud800", {"word": ["a"]}]
    body = {
        rng.choice(["inputs", "instances", "signature_name", "examples", "x"]): rng.choice(values)
        for _ in range(rng.randint(0, 3))
    }
    if rng.random() < 0.6:
        names = ["word", "x", "ids", "lengths", "max_length", "factor", "length_penalty"]
        body["inputs"] = {rng.choice(names): rng.choice(values) for _ in range(3)}
    if rng.random() < 0.1:
        body["inputs"] = {"word": ["a"], "length_penalty": [1.5], "max_length": [3]}
    if rng.random() < 0.3:
        body["signature_name"] = rng.choice(["ids", "scaled", "scalar", "serving_default", ""])
    text = bytearray(json.dumps(body).encode())
    for _ in range(rng.choice([0, 0, 1, 5])):
        if text:
            text[rng.randrange(len(text))] = rng.randrange(256)
    return bytes(text[: rng.randint(0, len(text))] if rng.random() < 0.2 else text)


def fuzz(server, count: int, seed: int) -> set[int]:
    rng = random.Random(seed)
    seen = set()
    with httpx.Client(base_url=url(server), timeout=20) as http:
        for _ in range(count):
            method = rng.choice(["predict", "predict", "predict", "classify", "regress"])
            model = rng.choice(["lexicon", "lexicon", "stepper", "judge"])
            body = scramble(rng)
            response = http.post(f"/v1/models/{model}:{method}", content=body)
            seen.add(response.status_code)
            if response.status_code != 200:
                assert 400 <= response.status_code < 500, (body, response.text)
                error = response.json()["error"]
                assert error and "Traceback" not in error and "site-packages" not in error
    return seen


def test_random_bodies_get_a_proper_status(server):
    assert fuzz(server, 400, seed=1) == {200, 400}
    assert answers(server)


@pytest.mark.slow
def test_ten_thousand_random_bodies_get_a_proper_status(server):
    assert fuzz(server, 10_000, seed=2) == {200, 400}
    assert answers(server)


@pytest.fixture
def held(monkeypatch):
    """Holds every call of a graph until the test lets go; says when one is inside."""

    class Held:
        gate = threading.Event()
        entered = threading.Event()

    run = Signature.run

    def wait_then_run(self, inputs):
        Held.entered.set()
        Held.gate.wait(30)
        return run(self, inputs)

    monkeypatch.setattr(Signature, "run", wait_then_run)
    yield Held
    Held.gate.set()


def test_a_full_queue_answers_at_once(model_base, held, monkeypatch):
    monkeypatch.setattr("zoo.serving.batching.SLOW_SECONDS", 1e6)
    held.gate.set()
    limits = {"max_waiting": 2, "batch_threads": 1, "poll_seconds": 0}
    with (
        Server(model_base, rest_port=0, grpc_port=0, **limits) as server,
        ThreadPoolExecutor() as pool,
    ):
        held.gate.clear()
        held.entered.clear()
        rest = Client(url(server), timeout=60, retries=0)
        over_grpc = Client(f"grpc://127.0.0.1:{server.grpc_port}", timeout=60, retries=0)
        waiting = [pool.submit(rest.predict, "lexicon", {"x": 1.0}, "scalar") for _ in range(3)]
        held.entered.wait(30)
        page = httpx.get(url(server, "/metrics")).text
        while "zoo_serving_requests_in_flight 3.0" not in page:
            page = httpx.get(url(server, "/metrics")).text
        response = httpx.post(
            url(server, "/v1/models/lexicon:predict"),
            json={"signature_name": "scalar", "inputs": 1.0},
            timeout=60,
        )
        assert response.status_code == 503 and "queue" in response.json()["error"]
        with pytest.raises(ServingError) as caught:
            over_grpc.predict("lexicon", {"x": 1.0}, "scalar")
        assert caught.value.code == Code.RESOURCE_EXHAUSTED
        held.gate.set()
        assert [float(f.result(60)["y"]) for f in waiting] == [1.0] * 3


def test_deadlines_are_kept_while_the_graph_is_busy(model_base, held):
    held.gate.set()
    options = {"rest_timeout": 0.3, "batch_threads": 1, "poll_seconds": 0}
    with Server(model_base, rest_port=0, grpc_port=0, **options) as server:
        held.gate.clear()
        body = {"signature_name": "scalar", "inputs": 1.0}
        place = url(server, "/v1/models/lexicon:predict")
        assert httpx.post(place, json=body, timeout=60).status_code == 504
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "lexicon"
        request.inputs["word"].CopyFrom(tf.make_tensor_proto(["photo"]))
        with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            with pytest.raises(grpc.RpcError) as caught:
                stub.Predict(request, timeout=0.3)
            assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        held.gate.set()
        assert answers(server)


def test_stopping_answers_what_is_in_flight(model_base, held):
    held.gate.set()
    server = Server(model_base, rest_port=0, grpc_port=0, poll_seconds=0)
    with ThreadPoolExecutor() as pool:
        server.start()
        held.gate.clear()
        held.entered.clear()
        clients = [
            Client(f"http://127.0.0.1:{server.rest_port}", timeout=60, retries=0),
            Client(f"grpc://127.0.0.1:{server.grpc_port}", timeout=60, retries=0),
        ]
        for client in clients:
            client.metadata("lexicon")
        flying = [pool.submit(c.predict, "lexicon", {"x": 2.0}, "scalar") for c in clients]
        while "in_flight 2.0" not in httpx.get(url(server, "/metrics")).text:
            pass
        stopping = pool.submit(server.stop)
        time.sleep(0.2)
        assert not stopping.done()
        held.gate.set()
        assert [float(f.result(60)["y"]) for f in flying] == [2.0, 2.0]
        stopping.result(60)
    with pytest.raises(httpx.ConnectError):
        httpx.get(url(server, "/healthz"))


def test_versions_are_swapped_under_load_without_a_lost_or_wrong_answer(tmp_path, export_gain):
    folder = tmp_path / "gain"
    export_gain(folder, 1.0)

    wrong: list[object] = []
    seen: set[float] = set()
    counts = [0] * 8
    done = threading.Event()

    def ask(index: int, address: str) -> None:
        client = Client(address, timeout=60, retries=0)
        rng = np.random.default_rng(index)
        while not done.is_set():
            x = rng.normal(size=[rng.integers(1, 4), 2]).astype(np.float32)
            try:
                y = client.predict("gain", {"x": x})["y"]
            except Exception as error:
                wrong.append(error)
                return
            gain = float(np.round(y[0, 0] / x[0, 0]))
            if not np.array_equal(y, np.float32(gain) * x):
                wrong.append((x, y))
            seen.add(gain)
            counts[index] += 1

    with Server(models={"gain": folder}, rest_port=0, grpc_port=0, poll_seconds=0) as server:
        addresses = [url(server), f"grpc://127.0.0.1:{server.grpc_port}"] * 4
        threads = [threading.Thread(target=ask, args=(i, a)) for i, a in enumerate(addresses)]
        for thread in threads:
            thread.start()
        for gain in (2.0, 3.0):
            export_gain(folder, gain)
            server.refresh()
            before = list(counts)
            while any(c < b + 3 for c, b in zip(counts, before, strict=True)) and not wrong:
                time.sleep(0.01)
        done.set()
        for thread in threads:
            thread.join()
        versions = {s["version"]: s["state"] for s in Client(url(server)).status("gain")}
        page = httpx.get(url(server, "/metrics")).text
    assert not wrong
    assert seen == {1.0, 2.0, 3.0}
    assert versions == {3: "AVAILABLE", 2: "END", 1: "END"}
    # Requests did share calls: fewer calls than requests.
    calls, requests = (
        float(re.search(rf"zoo_serving_batch_requests_{what}{{.*}} (.*)", page)[1])
        for what in ("count", "sum")
    )
    assert sum(counts) <= requests and calls < requests


def test_a_new_version_is_found_by_watching(tmp_path, model_base):
    folder = tmp_path / "stepper"
    shutil.copytree(model_base / "stepper" / "7", folder / "7")
    with Server(models={"stepper": folder}, rest_port=0, grpc_port=None, poll_seconds=0.05) as s:
        broken = folder / "8"
        broken.mkdir()
        (broken / "saved_model.pb").write_bytes(b"\xff" * 30)
        client = Client(url(s))
        while len(client.status("stepper")) < 2:
            time.sleep(0.01)
        while (status := client.status("stepper"))[0]["state"] != "END":
            time.sleep(0.01)
        assert status[0]["version"] == 8 and status[0]["error_code"] == "INTERNAL"
        assert str(tmp_path) not in status[0]["error_message"]
        assert status[1] == {
            "version": 7,
            "state": "AVAILABLE",
            "error_code": "OK",
            "error_message": "",
        }
        shutil.copytree(model_base / "stepper" / "7", tmp_path / "next")
        (tmp_path / "next").rename(folder / "9")
        while client.metadata("stepper")["version"] != 9:
            time.sleep(0.01)


def reload_request(*models):
    request = model_management_pb2.ReloadConfigRequest()
    for name, folder in models:
        request.config.model_config_list.config.add(name=name, base_path=str(folder))
    return request


def test_the_configuration_is_reloaded_by_grpc(model_base):
    models = {"lexicon": model_base / "lexicon"}
    with (
        Server(models=models, rest_port=0, grpc_port=0, poll_seconds=0) as server,
        grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel,
    ):
        stub = model_service_pb2_grpc.ModelServiceStub(channel)
        request = reload_request(("steps", model_base / "stepper"))
        assert stub.HandleReloadConfigRequest(request, timeout=60).status.error_code == 0
        client = Client(url(server))
        assert client.status("steps")[0]["state"] == "AVAILABLE"
        with pytest.raises(ServingError):
            client.status("lexicon")
        with pytest.raises(grpc.RpcError) as caught:
            stub.HandleReloadConfigRequest(reload_request(("x", model_base)), timeout=60)
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert client.status("steps")[0]["state"] == "AVAILABLE"


def test_a_token_is_asked_for_by_both_interfaces(model_base):
    models = {"stepper": model_base / "stepper"}
    with Server(models=models, rest_port=0, grpc_port=0, poll_seconds=0, token="sesame") as server:
        addresses = [url(server), f"grpc://127.0.0.1:{server.grpc_port}"]
        for address in addresses:
            assert Client(address, token="sesame").status("stepper")[0]["version"] == 7
            for token in (None, "wrong"):
                with pytest.raises(ServingError) as caught:
                    Client(address, token=token).status("stepper")
                assert caught.value.code == Code.UNAUTHENTICATED
        place = url(server, "/v1/models/stepper")
        assert httpx.get(place, headers={"authorization": b"Bearer s\xe9same"}).status_code == 401
        assert httpx.get(url(server, "/healthz")).status_code == 200
        assert httpx.get(url(server, "/metrics")).status_code == 401


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    folder = tmp_path_factory.mktemp("tls")
    files = folder / "certificate.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    out = ["-addext", names, "-out", str(files[0]), "-keyout", str(files[1])]
    subprocess.run([*command.split(), *out], check=True, capture_output=True)
    return files


def test_tls_on_both_interfaces(model_base, certificate):
    models = {"stepper": model_base / "stepper"}
    with Server(models=models, rest_port=0, grpc_port=0, poll_seconds=0, tls=certificate) as s:
        for address in (f"https://localhost:{s.rest_port}", f"grpcs://localhost:{s.grpc_port}"):
            trusted = Client(address, ca_file=str(certificate[0]))
            assert trusted.status("stepper")[0]["version"] == 7
            with pytest.raises(ServingError):
                Client(address, timeout=2, retries=0).status("stepper")


def test_tls_files_that_do_not_fit_are_said_to(model_base, certificate, tmp_path):
    models = {"stepper": model_base / "stepper"}
    other = tmp_path / "other.pem"
    command = "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out"
    subprocess.run([*command.split(), str(other)], check=True, capture_output=True)
    locked = tmp_path / "locked.pem"
    command = ["openssl", "pkey", "-in", str(other), "-aes128", "-passout", "pass:x", "-out"]
    subprocess.run([*command, str(locked)], check=True, capture_output=True)
    noise = tmp_path / "noise.pem"
    noise.write_text("noise")
    for key, says in (
        (other, "the key is not that of the certificate"),
        (locked, "no PEM file of its kind, or the key has a password"),
        (noise, "no PEM file of its kind"),
        (tmp_path / "absent.pem", "absent.pem for TLS: No such file"),
    ):
        with pytest.raises(InputError, match=says):
            Server(models=models, rest_port=0, grpc_port=0, tls=(certificate[0], key))


def test_slow_heads_and_bodies_are_given_up(model_base):
    models = {"stepper": model_base / "stepper"}
    limits = {"header_seconds": 0.3, "body_seconds": 0.3, "poll_seconds": 0}
    with Server(models=models, rest_port=0, grpc_port=None, **limits) as s:
        head = b"POST /v1/models/stepper:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"

        def ask(*parts: bytes) -> bytes:
            with socket.create_connection(("127.0.0.1", s.rest_port), timeout=20) as connection:
                for part in parts:
                    connection.sendall(part)
                    time.sleep(0.1)
                received = b""
                while chunk := connection.recv(4096):
                    received += chunk
                return received

        assert ask() == b"" and ask(head[:30]) == b""
        assert ask(head, b"{").startswith(b"HTTP/1.1 408 ")
        # The head of a second request on a connection that was kept.
        whole = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        assert ask(whole, head[:30]).count(b"HTTP/1.1 200") == 1
        assert httpx.get(url(s, "/healthz")).status_code == 200


def test_connections_are_bounded(model_base):
    models = {"stepper": model_base / "stepper"}
    limits = {"max_connections": 3, "poll_seconds": 0}
    with Server(models=models, rest_port=0, grpc_port=None, **limits) as s:
        place = "127.0.0.1", s.rest_port
        held = [socket.create_connection(place, timeout=20) for _ in range(3)]
        time.sleep(0.2)
        with socket.create_connection(place, timeout=20) as one_more:
            assert one_more.recv(4096).startswith(b"HTTP/1.1 503 ")
        held.pop().close()
        time.sleep(0.2)
        assert httpx.get(url(s, "/healthz")).status_code == 200
        for connection in held:
            connection.close()


def test_bodies_in_flight_are_bounded(model_base):
    models = {"stepper": model_base / "stepper"}
    limits = {"max_request_bytes": 1 << 20, "poll_seconds": 0}
    head = "POST /v1/models/stepper:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
    with Server(models=models, rest_port=0, grpc_port=None, **limits) as s:
        held = []
        for _ in range(4):
            held.append(socket.create_connection(("127.0.0.1", s.rest_port), timeout=20))
            held[-1].sendall(head.encode() + b" " * 990_000)
        time.sleep(0.5)
        inputs = {"character": ["a"], "state": [[0.0, 0.0]], "more": "x" * 300_000}
        place = url(s, "/v1/models/stepper:predict")
        busy = httpx.post(place, json={"inputs": inputs})
        assert busy.status_code == 503 and "in flight" in busy.json()["error"]
        del inputs["more"]
        assert httpx.post(place, json={"inputs": inputs}).status_code == 200
        for connection in held:
            connection.close()
        time.sleep(0.5)
        assert httpx.post(place, json={"inputs": {**inputs, "more": "x" * 300_000}}).is_success


def test_readiness_goes_when_slow_calls_hold_every_thread(model_base, held, monkeypatch):
    monkeypatch.setattr("zoo.serving.batching.SLOW_SECONDS", 0.05)
    monkeypatch.setattr("zoo.serving.batching.MOST_SLOW", 2)
    monkeypatch.setattr("zoo.serving.server._STUCK_SECONDS", 0.05)
    monkeypatch.setattr("zoo.serving.server._LOST_SECONDS", 0.3)
    held.gate.set()
    options = {"batch_threads": 1, "poll_seconds": 0, "grace": 2.0}
    with (
        Server(model_base, rest_port=0, grpc_port=0, **options) as server,
        ThreadPoolExecutor() as pool,
    ):
        stub = health_pb2_grpc.HealthStub(grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}"))
        held.gate.clear()
        client = Client(url(server), timeout=60, retries=0)
        waiting = [pool.submit(client.predict, "lexicon", {"x": 1.0}, "scalar") for _ in range(2)]
        while httpx.get(url(server, "/readyz")).status_code == 200:
            time.sleep(0.02)
        check = stub.Check(health_pb2.HealthCheckRequest(), timeout=20)
        assert check.status == health_pb2.HealthCheckResponse.NOT_SERVING
        while httpx.get(url(server, "/healthz")).status_code == 200:
            time.sleep(0.02)
        held.gate.set()
        assert [float(f.result(60)["y"]) for f in waiting] == [1.0] * 2
        assert httpx.get(url(server, "/readyz")).status_code == 200
        assert httpx.get(url(server, "/healthz")).status_code == 200


def test_stopping_does_not_wait_for_what_never_ends(model_base, held):
    held.gate.set()
    server = Server(model_base, rest_port=0, grpc_port=0, poll_seconds=0, grace=1.0)
    server.start()
    held.gate.clear()
    held.entered.clear()
    with ThreadPoolExecutor() as pool:
        client = Client(url(server), timeout=60, retries=0)
        lost = pool.submit(client.predict, "lexicon", {"x": 2.0}, "scalar")
        assert held.entered.wait(30)
        start = time.monotonic()
        server.stop()
        assert time.monotonic() - start < 3.0
        assert not server.ended
        assert isinstance(lost.exception(20), ServingError)
    held.gate.set()


def test_only_the_known_op_library_is_imported(model_base, tmp_path):
    shutil.copytree(model_base / "stepper" / "7", tmp_path / "m" / "1")
    (tmp_path / "evil_module_of_a_stranger.py").write_text("raise SystemExit('it ran')")
    extra = tmp_path / "m" / "1" / "assets.extra"
    extra.mkdir(exist_ok=True)
    (extra / "op_libraries.txt").write_text("evil_module_of_a_stranger\n")
    with pytest.raises(InputError, match="no op library 'evil_module_of_a_stranger'"):
        Server(tmp_path, rest_port=0, grpc_port=0).start()
    assert "evil_module_of_a_stranger" not in sys.modules


def test_a_port_in_use_is_an_input_error(server, model_base):
    models = {"stepper": model_base / "stepper"}
    with pytest.raises(InputError, match=f"{server.rest_port}: the port is in use"):
        Server(models=models, rest_port=server.rest_port, grpc_port=0).start()
    with pytest.raises(InputError, match=f"{server.grpc_port}: the port is in use"):
        Server(models=models, rest_port=0, grpc_port=server.grpc_port).start()


def test_models_that_cannot_be_loaded_stop_the_start(tmp_path):
    (tmp_path / "m" / "1").mkdir(parents=True)
    with pytest.raises(
        InputError, match=r"no model could be loaded: m version 1: .*saved_model.pb"
    ):
        Server(tmp_path, rest_port=0, grpc_port=0).start()


def test_importing_the_package_is_light():
    script = (
        "import sys, zoo.serving; "
        "heavy = {'tensorflow', 'keras', 'grpc', 'starlette', 'uvicorn', 'httpx', 'numpy'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=REPOSITORY)


def test_a_missing_extra_says_what_to_install(monkeypatch, model_base):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(InputError, match=r"pip install rnn-zoo\[serve\]"):
        Server(model_base, rest_port=0, grpc_port=0).start()


SERVE = """
import sys
from pathlib import Path
from zoo.serving import serve
serve(None, {"stepper": Path(sys.argv[1])}, int(sys.argv[2]), int(sys.argv[3]), batch_timeout=2.0)
"""


def start_process(model_base, ports):
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(model_base / "stepper"), *map(str, ports)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )
    assert process.stdout.readline().startswith("serving stepper on http://127.0.0.1:")
    return process


@pytest.mark.slow
def test_kill_and_restart_and_a_graceful_end(model_base):
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        ports = one.getsockname()[1], two.getsockname()[1]
    inputs = {"character": ["a"], "state": [[0.0, 0.0]]}
    killed = start_process(model_base, ports)
    try:
        client = Client(f"http://127.0.0.1:{ports[0]}", timeout=60, retries=0)
        assert client.predict("stepper", inputs)["character"] == [b"b"]
    finally:
        killed.kill()
        killed.communicate()
    with pytest.raises(ServingError) as caught:
        client.predict("stepper", inputs)
    assert caught.value.code == Code.UNAVAILABLE

    process = start_process(model_base, ports)
    try:
        # A request waits two seconds for others to share its call: time enough to end the server.
        with ThreadPoolExecutor() as pool:
            flying = pool.submit(client.predict, "stepper", inputs)
            metrics = f"http://127.0.0.1:{ports[0]}/metrics"
            while "in_flight 1.0" not in httpx.get(metrics).text:
                pass
            process.send_signal(signal.SIGTERM)
            assert flying.result(60)["character"] == [b"b"]
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "stopping" in out
    assert "Traceback" not in err
