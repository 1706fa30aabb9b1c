"""Fetching against a real server: what comes, what does not, and what a person is told."""

import gzip
import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import platformdirs
import pytest
import requests  # noqa: F401  (here, while every folder can still be read)

from recipes import datasets
from recipes.datasets.dataset import InPackage
from zoo.errors import InputError

CONTENT = b"a line\n" * 40_000


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def all_files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def failure(name: str = "small") -> str:
    with pytest.raises(InputError) as error:
        datasets.fetch(name)
    message = str(error.value)
    assert "\n" not in message
    return message


def test_brings_a_file_once(site, data, add, file_of):
    url = site.put("a/b.txt", CONTENT)
    add(file_of("sub/b.txt", CONTENT, url))
    assert datasets.verify("small") == [datasets.FileStatus("sub/b.txt", "missing")]
    assert not datasets.is_present("small")

    seen = []
    paths = datasets.fetch("small", progress=lambda *call: seen.append(call))
    assert paths == {"sub/b.txt": data / "small" / "sub" / "b.txt"}
    assert paths["sub/b.txt"].read_bytes() == CONTENT
    assert paths["sub/b.txt"].stat().st_mode & 0o777 == 0o644
    assert {call[0] for call in seen} == {"sub/b.txt"} and {call[2] for call in seen} == {280_000}
    done = [call[1] for call in seen]
    assert done == sorted(done) and done[-1] == len(CONTENT) and len(done) > 2

    assert datasets.fetch("small") == paths and datasets.is_present("small")
    assert site.asked == ["/a/b.txt"]
    assert all_files(data) == ["small/sub/b.txt"]


def test_brings_only_the_named_files(site, data, add, file_of):
    add(*(file_of(name, name.encode(), site.put(name, name.encode())) for name in "abc"))
    assert list(datasets.fetch("small", ["c", "a", "c"])) == ["c", "a"]
    assert sorted(site.asked) == ["/a", "/c"]
    assert [status.status for status in datasets.verify("small")] == ["ok", "missing", "ok"]
    with pytest.raises(InputError, match=r"unknown file of the dataset 'small': 'd'.* a, b, c"):
        datasets.fetch("small", ["d"])
    with pytest.raises(InputError, match="expected a list of file names"):
        datasets.fetch("small", "a")


def test_asks_for_a_percent_encoded_path(site, data, add, file_of):
    from recipes.datasets.dataset import github_file

    address = github_file("owner/poems", "0" * 40, "全唐诗/poet tang#0.json")
    path = address.url.removeprefix("https://raw.githubusercontent.com/")
    assert path.endswith("/%E5%85%A8%E5%94%90%E8%AF%97/poet%20tang%230.json")
    add(file_of("唐诗.json", b"[]", site.put(path, b"[]")))
    assert datasets.fetch("small")["唐诗.json"] == data / "small" / "唐诗.json"
    assert site.asked == [f"/{path}"]


@pytest.mark.parametrize("sent", [CONTENT[:-1] + b"!", b"", CONTENT + b"more"])
def test_wrong_content_is_refused(site, data, add, file_of, sent):
    url = site.put("b.txt", sent)
    add(file_of("b.txt", CONTENT, url))
    message = failure()
    wrong = (
        f"sha256 {sha256(sent)}, expected {sha256(CONTENT)}"
        if len(sent) == len(CONTENT)
        else "more than 280,000 bytes"
        if len(sent) > len(CONTENT)
        else f"{len(sent):,} bytes, expected 280,000"
    )
    assert f"{url}: it sent other content: {wrong}" in message
    assert message.endswith(f"put it at {data / 'small' / 'b.txt'}")
    assert all_files(data) == []


def test_a_server_that_sends_too_much_is_cut_off(site, data, add, file_of):
    sent = []

    def flood(request):
        request.send_response(200)
        request.end_headers()
        try:
            for _ in range(3_000):
                request.wfile.write(bytes(1 << 16))
                sent.append(1 << 16)
        except OSError:
            pass

    site.answers["/b.txt"] = flood
    add(file_of("b.txt", b"5 six", site.url("b.txt")))
    assert "it sent other content: more than 5 bytes" in failure()
    # What the two sockets hold between them may be on its way; 200 MB are not.
    assert sum(sent) < 30_000_000 and all_files(data) == []


def test_a_cut_connection_leaves_nothing_behind(site, data, add, file_of, send):
    site.answers["/b.txt"] = lambda request: send(request, CONTENT[:100_000], len(CONTENT))
    add(file_of("b.txt", CONTENT, site.url("b.txt")))
    assert f"{site.url('b.txt')}: the connection was cut before the end of the file" in failure()
    assert len(site.asked) == 3
    assert all_files(data) == [] and not datasets.is_present("small")


def test_a_cut_connection_is_tried_again(site, data, add, file_of, send):
    def cut_once(request):
        send(request, CONTENT[: 9 if len(site.asked) == 1 else None], len(CONTENT))

    site.answers["/b.txt"] = cut_once
    add(file_of("b.txt", CONTENT, site.url("b.txt")))
    assert datasets.fetch("small")["b.txt"].read_bytes() == CONTENT
    assert len(site.asked) == 2


def test_a_server_that_hangs_up_without_a_word_was_cut(site, data, add, file_of):
    site.answers["/b.txt"] = lambda request: request.connection.shutdown(socket.SHUT_RDWR)
    add(file_of("b.txt", CONTENT, site.url("b.txt")))
    assert "the connection was cut" in failure()
    assert len(site.asked) == 3


def test_a_missing_file_and_a_busy_server(site, data, add, file_of):
    site.answers["/busy"] = lambda request: request.send_error(503)
    add(file_of("b.txt", CONTENT, site.url("none"), site.url("busy")))
    message = failure()
    assert f"{site.url('none')}: it answers 404 Not Found" in message
    assert f"{site.url('busy')}: it answers 503 Service Unavailable" in message
    assert site.asked == ["/none", "/busy", "/busy", "/busy"]


def test_an_unreachable_port(data, add, file_of, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as taken:
        # Bound but not listening: every connection to it is refused.
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/b.txt"
        add(file_of("b.txt", CONTENT, url))
        assert f"{url}: it cannot be reached" in failure()


def test_a_silent_server_is_given_up(site, data, add, file_of, monkeypatch):
    from zoo.references import addresses

    monkeypatch.setattr(addresses, "SECONDS_WITHOUT_ANSWER", 0.2)
    over = threading.Event()
    site.answers["/b.txt"] = lambda request: over.wait(20)
    add(file_of("b.txt", CONTENT, site.url("b.txt")))
    assert "no answer within 0.2 seconds" in failure()
    over.set()


def test_the_second_address_is_asked_when_the_first_fails(site, data, add, file_of):
    add(file_of("b.txt", CONTENT, site.url("none"), site.put("b.txt", CONTENT)))
    assert datasets.fetch("small")["b.txt"].read_bytes() == CONTENT


def test_no_place_at_all(data, add, file_of):
    add(file_of("b.txt", CONTENT))
    assert "no place is known for it. Get it by other means and put it at" in failure()


def test_a_gzipped_copy_in_the_data_folder_will_do(site, data, add, file_of):
    add(file_of("b.txt", CONTENT, site.url("none")))
    packed = data / "small" / "b.txt.gz"
    packed.parent.mkdir(parents=True)
    packed.write_bytes(gzip.compress(CONTENT, mtime=0))
    paths = datasets.fetch("small")
    assert paths == {"b.txt": packed} and site.asked == []
    with datasets.open_text(paths["b.txt"]) as lines:
        assert sum(line == "a line\n" for line in lines) == 40_000
    with datasets.open_bytes(paths["b.txt"]) as file:
        assert file.read() == CONTENT


@pytest.mark.parametrize(
    ("packed", "wrong"),
    [
        (gzip.compress(CONTENT, mtime=0)[:-9], "damaged or cut gzip data"),
        (CONTENT, "damaged or cut gzip data"),
        (gzip.compress(CONTENT[:-1] + b"!", mtime=0), "sha256 "),
        (gzip.compress(CONTENT[:-1], mtime=0), "279,999 bytes unpacked, expected 280,000"),
        (gzip.compress(bytes(50_000_000), mtime=0), " bytes unpacked, expected 280,000"),
    ],
)
def test_a_damaged_gzipped_copy_is_told_and_replaced(site, data, add, file_of, packed, wrong):
    add(file_of("b.txt", CONTENT, site.put("b.txt", CONTENT)))
    path = data / "small" / "b.txt.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(packed)
    (status,) = datasets.verify("small")
    assert (status.status, status.path) == ("damaged", path) and wrong in status.detail
    with pytest.warns(UserWarning, match=r"b\.txt\.gz is damaged .*; it is downloaded again"):
        paths = datasets.fetch("small")
    assert paths == {"b.txt": data / "small" / "b.txt"}
    assert datasets.is_present("small")


def test_a_damaged_copy_is_told_and_replaced(site, data, add, file_of):
    add(file_of("b.txt", CONTENT, site.put("b.txt", CONTENT)))
    path = datasets.fetch("small")["b.txt"]
    stat = path.stat()
    path.write_bytes(CONTENT[:-1] + b"!")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    (status,) = datasets.verify("small")
    assert (status.status, status.path) == ("damaged", path)
    assert status.detail == f"sha256 {sha256(CONTENT[:-1] + b'!')}, expected {sha256(CONTENT)}"
    with pytest.warns(UserWarning, match="is damaged"):
        assert datasets.fetch("small") == {"b.txt": path}
    assert path.read_bytes() == CONTENT


def test_a_damaged_copy_that_cannot_be_replaced_is_kept_and_told(site, data, add, file_of):
    url = site.url("none")
    add(file_of("b.txt", CONTENT, url))
    path = data / "small" / "b.txt"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"other")
    with pytest.warns(UserWarning, match="is damaged"):
        message = failure()
    assert f"{path} is damaged (5 bytes, expected 280,000); {url}: it answers 404" in message
    assert path.read_bytes() == b"other"


def test_an_unchanged_file_is_hashed_once(site, data, add, file_of, monkeypatch):
    from zoo.references import checksum

    add(file_of("b.txt", CONTENT, site.put("b.txt", CONTENT)))
    path = datasets.fetch("small")["b.txt"]
    assert datasets.is_present("small")
    opened = []
    monkeypatch.setattr(checksum, "_plain_chunks", lambda path: opened.append(path) or [CONTENT])
    assert datasets.is_present("small") and datasets.fetch("small") and opened == []
    os.utime(path, (1, 1))
    assert datasets.is_present("small") and opened == [str(path)]


def test_a_file_in_a_package_is_used_in_place_without_an_import(
    site, data, add, file_of, tmp_path, monkeypatch
):
    package = tmp_path / "packages" / "holds_words"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('this was imported')")
    (package / "data" / "words").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(package.parent)
    place = InPackage("holds-words==1.0", "holds_words", "data/words")
    add(file_of("words", CONTENT, place))
    assert datasets.fetch("small") == {"words": package / "data" / "words"}
    assert datasets.is_present("small") and not data.exists()

    add(file_of("words", b"another edition", place, site.url("none")), name="newer")
    assert [status.status for status in datasets.verify("newer")] == ["missing"]
    assert "no installed package holds it (pip install holds-words==1.0); http" in failure("newer")


def test_a_right_copy_in_a_package_stands_in_for_a_damaged_one(data, add, file_of):
    license_text = Path(pytest.__file__).parent / "__init__.py"
    place = InPackage("pytest", "pytest", "__init__.py")
    add(file_of("b.txt", license_text.read_bytes(), place))
    (data / "small").mkdir(parents=True)
    (data / "small" / "b.txt").write_bytes(b"other")
    assert datasets.fetch("small") == {"b.txt": license_text}


# The two packages stand in without their own __init__: they import TensorFlow, which takes
# seconds and has no part in this.
PROGRAM = """
import pathlib, sys, types
for name in ("recipes", "zoo"):
    package = sys.modules[name] = types.ModuleType(name)
    package.__path__ = [str(pathlib.Path(sys.argv[1]) / name)]
from recipes import datasets
from recipes.datasets.dataset import Address
url, size, sha256 = sys.argv[2:]
file = datasets.File("b.txt", int(size), sha256, (Address(url),))
datasets.register(datasets.Dataset("small", "", "", True, "", "", (file,)))
print(datasets.fetch("small")["b.txt"])
"""


def command(url: str) -> list[str]:
    root = Path(datasets.__file__).parents[2]
    return [sys.executable, "-c", PROGRAM, str(root), url, "280000", sha256(CONTENT)]


def test_two_processes_at_once(site, data, send):
    both = threading.Barrier(2, timeout=60)

    def answer(request):
        # Neither is given its second half before the other has its first.
        request.send_response(200)
        request.end_headers()
        request.wfile.write(CONTENT[:100_000])
        request.wfile.flush()
        both.wait()
        request.wfile.write(CONTENT[100_000:])

    site.answers["/b.txt"] = answer
    runs = [
        subprocess.Popen(
            command(site.url("b.txt")), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for run in runs:
        out, errors = run.communicate(timeout=120)
        assert run.returncode == 0, errors
        assert out.strip() == str(data / "small" / "b.txt")
    assert site.asked == ["/b.txt", "/b.txt"]
    assert all_files(data) == ["small/b.txt"]
    assert (data / "small" / "b.txt").read_bytes() == CONTENT


def test_a_download_that_is_killed_is_never_taken_for_whole(site, data, add, file_of):
    half_sent, over = threading.Event(), threading.Event()

    def answer(request):
        request.send_response(200)
        request.send_header("Content-Length", str(len(CONTENT)))
        request.end_headers()
        request.wfile.write(CONTENT[:200_000])
        half_sent.set()
        over.wait(60)

    site.answers["/b.txt"] = answer
    run = subprocess.Popen(command(site.url("b.txt")))
    assert half_sent.wait(60)
    # The half is on disk, under a name of its own, before the process is killed.
    for _ in range(600):
        if any(path.stat().st_size for path in data.rglob("*") if path.is_file()):
            break
        time.sleep(0.05)
    run.kill()
    run.wait()
    over.set()
    assert not (data / "small" / "b.txt").exists() and len(all_files(data)) == 1
    add(file_of("b.txt", CONTENT, site.put("b.txt", CONTENT)))
    assert [status.status for status in datasets.verify("small")] == ["missing"]
    assert datasets.fetch("small")["b.txt"].read_bytes() == CONTENT


@pytest.fixture
def read_only_data(monkeypatch):
    """A data folder with one file that this process may read and not write, root or not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "small").mkdir()
        (folder / "small" / "a.txt").write_bytes(b"a")
        (folder / "small" / "a.txt").chmod(0o444)
        (folder / "small").chmod(0o555)
        folder.chmod(0o555)
        monkeypatch.setenv("ZOO_DATA", name)
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(65534)
        yield folder
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)
        (folder / "small").chmod(0o755)


def test_a_read_only_data_folder_is_read(site, add, file_of, read_only_data):
    add(file_of("a.txt", b"a", site.url("none")))
    assert datasets.fetch("small") == {"a.txt": read_only_data / "small" / "a.txt"}
    assert site.asked == []


def test_a_missing_file_of_a_read_only_data_folder_is_told(site, add, file_of, read_only_data):
    url = site.put("b.txt", b"b")
    add(file_of("a.txt", b"a", site.url("none")), file_of("b.txt", b"b", url))
    message = failure()
    target = read_only_data / "small" / "b.txt"
    assert message.startswith(f"cannot write {target}: Permission denied; set ZOO_DATA to")
    assert message.endswith(f"put the file from {url} there by hand")


def test_a_data_folder_that_may_not_be_entered_is_told(site, add, file_of, read_only_data):
    add(file_of("c.txt", b"c", site.put("c.txt", b"c")))
    os.seteuid(os.getuid())
    (read_only_data / "small").chmod(0o000)
    if os.getuid() == 0:
        os.seteuid(65534)
    assert [status.status for status in datasets.verify("small")] == ["missing"]
    assert f"cannot write {read_only_data / 'small' / 'c.txt'}: Permission denied" in failure()


def test_the_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("ZOO_DATA", str(tmp_path))
    assert datasets.data_folder() == tmp_path
    monkeypatch.setenv("ZOO_DATA", "~/data")
    assert datasets.data_folder() == Path.home() / "data"
    for unset in (
        lambda: monkeypatch.setenv("ZOO_DATA", ""),
        lambda: monkeypatch.delenv("ZOO_DATA"),
    ):
        unset()
        assert datasets.data_folder() == Path(platformdirs.user_cache_dir("rnn-zoo"))
