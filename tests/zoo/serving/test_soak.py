"""Requests that try to take a server for themselves, against a server in a process of its own.

Before, during and after each of them, another model answers within a second (on a machine with
other work, within twenty times of what it takes when nothing is wrong).
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import grpc
import httpx
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

REPOSITORY = Path(__file__).parents[3]
MIB = 1 << 20

SERVE = """
import sys
from pathlib import Path
from zoo.serving import serve
models = dict(pair.split("=", 1) for pair in sys.argv[1:])
serve(None, {name: Path(folder) for name, folder in models.items()}, 0, 0, rest_timeout=4.0,
      header_seconds=2.0, body_seconds=3.0, max_connections=300, grace=5.0)
"""


class Hog(tf.Module):
    """Graphs that take as long as a caller likes."""

    @tf.function(input_signature=[tf.TensorSpec([], tf.int64, name="turns")])
    def loop(self, turns):
        def turn(number, x):
            return number + 1, tf.sin(x) + 1.0

        state = (tf.constant(0, tf.int64), tf.zeros([]))
        return {"x": tf.while_loop(lambda number, _: number < turns, turn, state)[1]}

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32, name="size")])
    def decompose(self, size):
        # One operation: nothing can interrupt it.
        values = tf.random.stateless_normal(tf.stack([size, size]), [1, 2])
        return {"largest": tf.linalg.svd(values, compute_uv=False)[0]}


class Served:
    """A serving process, its addresses, and a model that must always answer."""

    def __init__(self, models: dict[str, Path]):
        arguments = [f"{name}={folder}" for name, folder in models.items()]
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        line = self.process.stdout.readline()
        assert line.startswith("serving "), self.process.stderr.read()
        self.rest, self.grpc = (int(part.split()[0]) for part in line.split("127.0.0.1:")[1:])
        self.url = f"http://127.0.0.1:{self.rest}"
        self.within = 1.0
        self.within = max(1.0, 20 * min(self.answer() for _ in range(5)))

    def answer(self) -> float:
        """Asks the model that must answer, by a new connection; returns the seconds."""
        start = time.monotonic()
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "g2p"
        request.inputs["text"].CopyFrom(tf.make_tensor_proto(["photograph"]))
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(f"127.0.0.1:{self.grpc}", options) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            said = stub.Predict(request, timeout=30).outputs["text"].string_val[0]
        assert said.startswith(b"F OW T")
        assert httpx.get(f"{self.url}/healthz", timeout=30).status_code == 200
        return time.monotonic() - start

    def answers(self, times: int = 3) -> None:
        for _ in range(times):
            assert self.answer() < self.within
            time.sleep(0.1)

    def memory(self) -> int:
        """Returns the resident bytes of the process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    def end(self) -> float:
        """Sends SIGTERM; returns the seconds to the end of the process."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.communicate(timeout=30)
        finally:
            self.process.kill()
        return time.monotonic() - start


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hog")
    hog = Hog()
    signatures = {"serving_default": hog.loop, "decompose": hog.decompose}
    tf.saved_model.save(hog, str(folder / "1"), signatures)
    return {"g2p": REPOSITORY / "saved_models" / "g2p", "hog": folder}


@pytest.fixture(scope="module")
def served(models):
    served = Served(models)
    yield served
    served.process.kill()
    served.process.communicate()


def ask_hog(served, signature: str, value: int, timeout: float = 60) -> httpx.Response:
    body = {"signature_name": signature, "inputs": value}
    return httpx.post(f"{served.url}/v1/models/hog:predict", json=body, timeout=timeout)


def test_endless_loops_are_interrupted_and_starve_nobody(served):
    served.answers()
    statuses = []
    threads = [
        threading.Thread(
            target=lambda: statuses.append(ask_hog(served, "serving_default", 10**12).status_code)
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    time.sleep(1.0)
    served.answers(10)
    for thread in threads:
        thread.join()
    assert statuses == [504] * 8
    served.answers()
    # None of them is left: the model itself answers again at once.
    start = time.monotonic()
    assert ask_hog(served, "serving_default", 10).status_code == 200
    assert time.monotonic() - start < served.within


def test_a_caller_that_hangs_up_is_not_computed_for(served):
    for _ in range(3):
        with pytest.raises(httpx.TimeoutException):
            ask_hog(served, "serving_default", 10**12, timeout=0.8)
    start = time.monotonic()
    assert ask_hog(served, "serving_default", 10).status_code == 200
    assert time.monotonic() - start < served.within
    served.answers()


def test_operations_that_cannot_be_interrupted_starve_nobody(served):
    threads = [threading.Thread(target=ask_hog, args=(served, "decompose", 1200)) for _ in range(6)]
    for thread in threads:
        thread.start()
    time.sleep(1.0)
    served.answers(5)
    for thread in threads:
        thread.join()
    served.answers()


def test_half_open_connections_block_nobody(served):
    before = served.memory()
    opened = []
    for port in (served.rest, served.grpc):
        for _ in range(256):
            connection = socket.create_connection(("127.0.0.1", port), timeout=5)
            connection.sendall(b"P" if port == served.rest else b"PRI")
            opened.append(connection)
    # So many are allowed: there is place for forty more.
    served.answers()
    time.sleep(2.5)
    served.answers()
    # Those of REST are closed by now.
    opened[0].settimeout(1.0)
    assert opened[0].recv(100) == b""
    for connection in opened:
        connection.close()
    served.answers()
    assert served.memory() < before + 100 * MIB


def test_unfinished_bodies_take_bounded_memory(served):
    before = served.memory()
    head = "POST /v1/models/hog:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 31000000\r\n\r\n"
    opened = []
    for _ in range(40):
        connection = socket.create_connection(("127.0.0.1", served.rest), timeout=5)
        connection.setblocking(False)
        opened.append((connection, memoryview(head.encode() + b"[" * 29_000_000)))
    end = time.monotonic() + 2.0
    peak = 0
    while time.monotonic() < end:
        for index, (connection, left) in enumerate(opened):
            with contextlib.suppress(OSError):
                opened[index] = connection, left[connection.send(left[:100_000]) :]
        peak = max(peak, served.memory())
    served.answers()
    assert peak < before + 400 * MIB
    for connection, _ in opened:
        connection.close()
    time.sleep(0.5)
    served.answers()
    assert ask_hog(served, "serving_default", 10).status_code == 200


def test_a_small_message_takes_little_memory(served):
    before = served.memory()
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "g2p"
    request.inputs["text"].CopyFrom(tf.make_tensor_proto(["a"]))
    request.inputs["text"].tensor_shape.dim[0].size = 40_000
    assert request.ByteSize() < 50
    with grpc.insecure_channel(f"127.0.0.1:{served.grpc}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        for _ in range(20):
            with pytest.raises(grpc.RpcError) as caught:
                stub.Predict(request, timeout=20)
            assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
            assert "1024" in caught.value.details()
    assert served.memory() < before + 50 * MIB
    served.answers()


def test_many_values_in_few_bytes_take_bounded_memory(served):
    before = served.memory()
    for body in (b"[" + b"[]," * (10 * MIB) + b"1]", b"[" + b"0," * (15 * MIB) + b"0]"):
        place = f"{served.url}/v1/models/hog:predict"
        response = httpx.post(place, content=b'{"inputs": ' + body + b"}", timeout=60)
        assert response.status_code == 400 and "allowed" in response.json()["error"]
    assert served.memory() < before + 300 * MIB
    served.answers()


def test_a_signal_ends_it_whatever_runs(models):
    served = Served(models)
    for signature, value in (("serving_default", 10**12), ("decompose", 3000)):
        threading.Thread(
            target=lambda *given: _ignoring_errors(ask_hog, served, *given),
            args=(signature, value),
            daemon=True,
        ).start()
    time.sleep(1.0)
    served.answers()
    assert served.end() < 5.5
    assert served.process.returncode == 0


def _ignoring_errors(function, *arguments) -> None:
    with contextlib.suppress(httpx.HTTPError):
        function(*arguments)


def test_a_signal_ends_it_while_a_model_is_loading(tmp_path):
    """The main thread is inside TensorFlow, where Python runs no signal's handler."""
    hog = Hog()
    tf.saved_model.save(hog, str(tmp_path / "hog" / "1"), {"serving_default": hog.decompose})
    from zoo.serving.warmup import write_warmup

    write_warmup(tmp_path / "hog" / "1", "hog", [("serving_default", {"size": np.int32(4000)})])
    script = "import tensorflow; print('imported', flush=True)" + SERVE
    process = subprocess.Popen(
        [sys.executable, "-c", script.replace("grace=5.0", "grace=1.0"), f"hog={tmp_path}/hog"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    try:
        assert process.stdout.readline() == "imported\n"
        time.sleep(8.0)
        assert process.poll() is None
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
        assert time.monotonic() - start < 2.0
        assert process.returncode == 0
        assert "did not end in time" in errors
    finally:
        process.kill()


def test_twenty_thousand_requests_leave_no_memory_behind(served):
    body = json.dumps({"inputs": 3}).encode()
    with httpx.Client(base_url=served.url, timeout=30) as http:

        def ask(count: int) -> None:
            for _ in range(count):
                assert http.post("/v1/models/hog:predict", content=body).status_code == 200

        ask(2_000)
        before = served.memory()
        ask(18_000)
    assert served.memory() < before + 30 * MIB


pytestmark = pytest.mark.slow
