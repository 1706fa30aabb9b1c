"""A real HTTP server on this machine, and datasets that point at it."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from recipes import datasets
from recipes.datasets import registry
from recipes.datasets.dataset import Address
from zoo.errors import InputError
from zoo.references import download


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

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Site(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "SECONDS_BETWEEN_TRIES", 0.0)
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def data(tmp_path, monkeypatch):
    """An empty data folder."""
    folder = tmp_path / "data"
    monkeypatch.setenv("ZOO_DATA", str(folder))
    return folder


@pytest.fixture
def add(monkeypatch):
    """Adds a dataset to the registry for the length of one test."""
    monkeypatch.setattr(registry._datasets, "_entries", dict(registry._datasets._entries))

    def add(*files, name: str = "small"):
        about = dict(licence="none", may_ship_models=True, homepage="-", citation="-")
        return datasets.register(datasets.Dataset(name, "a test", files=files, **about))

    return add


def file_of(name: str, content: bytes, *places) -> datasets.File:
    """Makes the entry of a file with this content; a text among the places is an address."""
    places = tuple(Address(place) if isinstance(place, str) else place for place in places)
    return datasets.File(name, len(content), hashlib.sha256(content).hexdigest(), places)


@pytest.fixture(name="file_of")
def file_of_fixture():
    return file_of


@pytest.fixture(name="send")
def send_fixture():
    return send


@pytest.fixture
def write(tmp_path):
    """Writes a file, text as UTF-8, and returns its path."""

    def write(content: bytes | str, name: str = "file"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


@pytest.fixture
def told():
    """Reads a bad file; the one-line message must begin with the file and this text."""

    def told(read, path, message):
        with pytest.raises(InputError) as error:
            read(path)
        assert str(error.value).startswith(f"{path}{message}")
        assert "\n" not in str(error.value)

    return told
