"""The client gives the same over both transports, and retries what may be retried."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import InputError
from zoo.serving import Client, Code, ServingError


@pytest.fixture(scope="module", params=["http", "grpc"])
def client(request, server):
    port = server.rest_port if request.param == "http" else server.grpc_port
    with Client(f"{request.param}://127.0.0.1:{port}", timeout=20) as made:
        yield made


def test_strings_numbers_and_defaults(client, model_base):
    words = ["photo", "naïve", "猫", ""]
    answer = client.predict("lexicon", {"word": words})
    expected = tf.saved_model.load(str(model_base / "lexicon" / "1")).signatures["serving_default"](
        word=tf.constant(words),
        length_penalty=tf.constant([0.5]),
        max_length=tf.constant([4, 4, 4, 4]),
    )
    assert set(answer) == set(expected)
    for name, tensor in expected.items():
        assert answer[name].dtype == tensor.numpy().dtype
        np.testing.assert_array_equal(answer[name], tensor.numpy())


def test_plain_values_are_cast_to_the_signatures_types(client):
    answer = client.predict("lexicon", {"ids": [[1, 2, 3]], "lengths": [2]}, "ids")
    np.testing.assert_array_equal(answer["total"], np.float32([3.0]))
    answer = client.predict("lexicon", {"x": [[1, np.inf]], "factor": 3}, "scaled")
    np.testing.assert_array_equal(answer["y"], np.float32([[3.0, np.inf]]))
    assert client.predict("lexicon", {"x": 2}, "scalar")["y"] == 2.0


def test_bytes_that_are_not_utf8_survive(client):
    answer = client.predict("lexicon", {"word": [b"\x00\xfe", "\x00é"]})
    assert answer["raw_bytes"].tolist() == [b"\x00\xfe\xff", b"\x00\xc3\xa9\xff"]


def test_a_state_goes_in_and_comes_out(client):
    inputs = {"character": ["a"], "state": [[0.0, 0.0]]}
    text = ""
    for _ in range(4):
        inputs = client.predict("stepper", inputs)
        text += inputs["character"][0].decode()
    assert text == "bcde"
    assert inputs["state"][0, 1] == 4.0


def test_version_metadata_and_status(client):
    assert client.predict("lexicon", {"x": 1.0}, "scalar", version=1)["y"] == 1.0
    metadata = client.metadata("lexicon")
    assert metadata["version"] == 1
    scaled = metadata["signatures"]["scaled"]
    assert scaled["inputs"] == {
        "factor": {"dtype": "float32", "shape": []},
        "x": {"dtype": "float32", "shape": [None, 2]},
    }
    assert scaled["defaults"] == {"factor": 2.0}
    assert client.status("stepper") == [
        {"version": 7, "state": "AVAILABLE", "error_code": "OK", "error_message": ""}
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("lexicon", {"wrod": ["a"]}), "did you mean 'word'"),
        (("lexicon", {}), "needs the input 'word'"),
        (("lexicon", {"word": ["a"]}, "serving"), "unknown signature 'serving'"),
        (("lexicon", {"ids": [[0.5]], "lengths": [1]}, "ids"), "cannot be a int32"),
        (("lexicon", {"word": [1.5]}), "'word'"),
    ],
)
def test_a_wrong_request_is_an_input_error(client, arguments, says):
    with pytest.raises(InputError, match=says):
        client.predict(*arguments)


def test_the_servers_status_comes_back(client):
    with pytest.raises(ServingError) as caught:
        client.predict("absent", {"word": ["a"]})
    assert caught.value.code == Code.NOT_FOUND
    assert "Latest(absent)" in caught.value.message
    with pytest.raises(ServingError) as caught:
        client.predict("lexicon", {"x": [[666.0, 0.0]]}, "scaled")
    assert caught.value.code == Code.INVALID_ARGUMENT


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_nobody_there(scheme, free_port):
    client = Client(f"{scheme}://127.0.0.1:{free_port}", timeout=5, retries=1)
    with pytest.raises(ServingError) as caught:
        client.status("lexicon")
    assert caught.value.code == Code.UNAVAILABLE


@pytest.mark.parametrize("address", ["localhost:8501", "ftp://localhost", "http://", ""])
def test_an_address_that_is_none(address):
    with pytest.raises(InputError, match="http://host:port"):
        Client(address)


@pytest.fixture
def flaky():
    """An HTTP server whose answers are the list `statuses`, then success; it counts requests."""

    class Handler(BaseHTTPRequestHandler):
        statuses: ClassVar[list[int]] = []
        seen = 0
        pause = 0.0

        def do_GET(self):
            Handler.seen += 1
            time.sleep(Handler.pause)
            status = Handler.statuses.pop(0) if Handler.statuses else 200
            body = {"error": "busy"} if status != 200 else {"model_version_status": []}
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_):
            pass

    running = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    Handler.address = f"http://127.0.0.1:{running.server_port}"
    yield Handler
    running.shutdown()
    running.server_close()


@pytest.mark.parametrize("status", [503, 429])
def test_what_was_refused_for_load_is_sent_again(flaky, status):
    flaky.statuses = [status, status]
    assert Client(flaky.address, retries=3).status("m") == []
    assert flaky.seen == 3


@pytest.mark.parametrize("status", [400, 404, 413, 500, 504])
def test_what_cannot_succeed_is_not_sent_again(flaky, status):
    flaky.statuses = [status] * 5
    with pytest.raises(ServingError) as caught:
        Client(flaky.address, retries=3).status("m")
    assert caught.value.http_status == status
    assert flaky.seen == 1


def test_retries_end(flaky):
    flaky.statuses = [503] * 9
    with pytest.raises(ServingError):
        Client(flaky.address, retries=2).status("m")
    assert flaky.seen == 3


def test_the_deadline_holds_for_the_whole_call(flaky):
    flaky.pause = 0.6
    with pytest.raises(ServingError) as caught:
        Client(flaky.address, timeout=0.2).status("m")
    assert caught.value.code == Code.DEADLINE_EXCEEDED
