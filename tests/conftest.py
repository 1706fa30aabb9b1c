"""Settings, made-up data and an HTTP server that tests share."""

import gc
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
# What plain methods measure is kept for nobody.
os.environ.setdefault("ZOO_BASELINES", "")

# Building graphs allocates much and frees little: at its usual 700 allocations the collector walks
# the graphs of all tests before, again and again.
gc.set_threshold(50_000, 20, 50)

TINY_G2P = {
    "units": 8,
    "embedding_dim": 6,
    "attention_units": 6,
    "encoder_layers": 1,
    "batch_size": 8,
    "beam_width": 3,
    "num_results": 2,
    "warmup_steps": 0,
    "ema_momentum": 0.5,
}


@pytest.fixture(scope="session")
def tiny_g2p():
    """Settings of g2p that fit in seconds."""
    return TINY_G2P


@pytest.fixture(scope="session")
def write_pairs():
    """Writes words of the letters a to d and their spelling in capitals as pronunciations."""

    def write(path: Path, count: int = 60) -> Path:
        random = np.random.default_rng(0)
        lines = []
        for number in range(count):
            word = "".join(random.choice(list("abcd"), size=1 + number % 5)) + "xyz"[number % 3]
            lines.append(f"{word}\t{' '.join(letter.upper() for letter in word)}")
        path.write_text("\n".join(dict.fromkeys(lines)) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def g2p_run(tmp_path_factory, write_pairs):
    """A finished run of g2p on a person's own file."""
    import recipes

    folder = tmp_path_factory.mktemp("g2p")
    data = write_pairs(folder / "own.tsv")
    return recipes.get("g2p").fit(folder / "run", data=data, steps=6, round_steps=3, **TINY_G2P)


class Site:
    """What the server answers: a function of the request handler for each path."""

    def __init__(self, address: str):
        self.address = address
        self.answers = {}
        self.asked = []

    def url(self, path: str) -> str:
        return f"{self.address}/{path}"

    def put(self, path: str, content: bytes) -> str:
        """Puts content under a path and returns its address."""
        self.answers[f"/{path}"] = lambda request: send(request, content)
        return self.url(path)


def send(request, content: bytes, announced: int | None = None) -> None:
    """Sends content under the announced length; a longer one looks as if the line were cut."""
    request.send_response(200)
    length = len(content) if announced is None else announced
    request.send_header("Content-Length", str(length))
    request.end_headers()
    request.wfile.write(content)


@pytest.fixture
def site(monkeypatch):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found.asked.append(self.path)
            answer = found.answers.get(self.path)
            if answer is None:
                self.send_error(404)
            else:
                answer(self)

        def do_POST(self):
            found.asked.append(self.path)
            answer = found.answers.get(f"POST {self.path}")
            if answer is None:
                self.send_error(404)
            else:
                answer(self)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Site(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("zoo.references.download.SECONDS_BETWEEN_TRIES", 0.0)
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(name="send")
def send_fixture():
    return send
