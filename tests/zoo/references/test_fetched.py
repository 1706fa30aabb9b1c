"""Saved models that are fetched, against a real server on this machine."""

import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests  # noqa: F401  (here, while every folder can still be read)

import zoo
from zoo.errors import InputError
from zoo.references import fetched as fetching
from zoo.references import index as indexes
from zoo.references.saved_models import find, names


def failure(reference: str) -> str:
    with pytest.raises(InputError) as error:
        find(reference)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def served(site, packed, listed, fetched, monkeypatch):
    """The index points at the server, which holds the archive."""
    archive, entry = packed
    site.put(archive.name, archive.read_bytes())
    listed(entry)
    monkeypatch.setenv("ZOO_MODELS", site.address + "/")
    return entry


def test_a_known_name_is_fetched_once_and_kept(site, served, fetched, contents, right):
    seen = []
    version = find("small", lambda *call: seen.append(call))
    assert version == fetched / "small" / "3"
    assert contents(fetched) == {f"small/{name}": content for name, content in right.items()}
    assert seen[-1] == ("small", served.bytes, served.bytes)
    assert (version / "saved_model.pb").stat().st_mode & 0o777 == 0o644
    assert find("small") == version and names() == ["small"]
    assert site.asked == ["/small-3.tar.gz"]


def test_zoo_load_fetches_and_runs_it(site, fetched, listed, tmp_path, monkeypatch):
    import dataclasses

    import tensorflow as tf

    from zoo.references import model_archive
    from zoo.references.index import Entry

    class Double(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
        def double(self, x):
            return {"y": 2 * x}

    module = Double()
    folder = tmp_path / "made" / "double"
    tf.saved_model.save(module, str(folder / "1"), {"serving_default": module.double})
    archive = tmp_path / "double-1.tar.gz"
    packed = dataclasses.asdict(model_archive.packed_file(folder, 1, archive))
    url = site.put(archive.name, archive.read_bytes())
    listed(Entry("double", 1, licence="-", address=url, **packed))
    assert zoo.load("double")([1.5])["y"].tolist() == [3.0]
    monkeypatch.setenv("ZOO_SAVED_MODELS", str(tmp_path / "another"))
    assert zoo.load(url)([1.5])["y"].tolist() == [3.0]
    assert zoo.load(archive)([1.5])["y"].tolist() == [3.0]


def test_the_entrys_own_address_the_indexs_and_a_mirror(site, packed, fetched, listed, monkeypatch):
    archive, entry = packed
    site.put("base/small-3.tar.gz", archive.read_bytes())
    listed(entry, address=site.url("base"))
    find("small")
    assert fetching.remove("small") == [fetched / "small"] and names() == []
    # A folder of this machine is a mirror too.
    monkeypatch.setenv("ZOO_MODELS", str(archive.parent))
    find("small")
    assert site.asked == ["/base/small-3.tar.gz"]


def test_no_address_is_told(packed, fetched, listed):
    listed(packed[1])
    message = failure("small")
    assert "set ZOO_MODELS to the address or folder that holds small-3.tar.gz" in message


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda content: content[:-1] + b"!", "it sent other content: sha256 "),
        (lambda content: content[:-9], "bytes, expected"),
        (lambda content: content + b"!", "it sent other content: more than"),
    ],
)
def test_wrong_content_is_refused(site, served, packed, fetched, contents, change, wrong):
    url = site.put(packed[0].name, change(packed[0].read_bytes()))
    message = failure("small")
    assert f"cannot get saved model 'small': {url}: " in message and wrong in message
    assert "ZOO_MODELS" in message and contents(fetched) == {}
    site.put(packed[0].name, packed[0].read_bytes())
    assert find("small")


def test_an_archive_of_another_model_is_refused(site, packed, fetched, listed, monkeypatch):
    import dataclasses

    archive, entry = packed
    monkeypatch.setenv("ZOO_MODELS", site.address)
    site.put(archive.name, archive.read_bytes())
    listed(dataclasses.replace(entry, name="other"))
    assert "it holds no version 3 of other" in failure("other")
    listed(dataclasses.replace(entry, unpacked_bytes=9_000))
    assert "it unpacks to more than 9,000 bytes" in failure("small")


def test_a_cut_line_and_no_network(site, served, packed, fetched, contents, send, monkeypatch):
    content = packed[0].read_bytes()
    site.answers["/small-3.tar.gz"] = lambda request: send(request, content[:99], len(content))
    assert "the connection was cut before the end of the file" in failure("small")
    assert len(site.asked) == 3 and contents(fetched) == {}
    with socket.socket() as taken:
        # Bound but not listening: every connection to it is refused.
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("ZOO_MODELS", f"http://127.0.0.1:{taken.getsockname()[1]}")
        assert "it cannot be reached" in failure("small")


PROGRAM = """
import sys
from pathlib import Path
from zoo.references import index, saved_models
index.own_index = lambda: Path(sys.argv[1])
print(saved_models.find("small"))
"""


def started(index: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(index)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(zoo.__file__).parents[1])},
    )


def test_two_processes_at_once(site, served, packed, fetched, contents, right):
    content, both = packed[0].read_bytes(), threading.Barrier(2, timeout=60)

    def answer(request):
        # Neither is given its second half before the other has its first.
        request.send_response(200)
        request.end_headers()
        request.wfile.write(content[:50])
        request.wfile.flush()
        both.wait()
        request.wfile.write(content[50:])

    site.answers["/small-3.tar.gz"] = answer
    for run in [started(indexes.own_index()) for _ in range(2)]:
        out, errors = run.communicate(timeout=120)
        assert run.returncode == 0, errors
        assert out.strip() == str(fetched / "small" / "3")
    assert len(site.asked) == 2
    assert contents(fetched) == {f"small/{name}": content for name, content in right.items()}


def test_what_a_killed_process_left_is_swept_and_never_found(site, served, packed, fetched):
    content, half_sent, over = packed[0].read_bytes(), threading.Event(), threading.Event()

    def answer(request):
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content[:50])
        request.wfile.flush()
        half_sent.set()
        over.wait(60)

    site.answers["/small-3.tar.gz"] = answer
    run = started(indexes.own_index())
    assert half_sent.wait(60)
    run.kill()
    run.communicate()
    over.set()
    assert [path.name[:10] for path in fetched.iterdir()] == [".fetching-"] and names() == []
    site.put("small-3.tar.gz", content)
    find("small")
    assert [path.name for path in fetched.iterdir()] == ["small"]


def test_a_damaged_copy_is_told_and_replaced(site, served, fetched, contents, right):
    file = find("small") / "saved_model.pb"
    file.write_bytes(b"graph" * 8_999 + b"grapH")
    assert "sha256 is" in fetching.difference(file.parent, served)
    with pytest.warns(UserWarning, match=r"small/3 is damaged .*; it is fetched again"):
        fetching.fetch(served, indexes.read_index())
    assert contents(fetched) == {f"small/{name}": content for name, content in right.items()}
    assert fetching.difference(file.parent, served) == ""
    fetching.fetch(served, indexes.read_index())
    assert len(site.asked) == 2


def test_a_newer_version_goes_beside_the_older(site, served, model, fetched):
    older = fetched / "small" / "1"
    older.mkdir(parents=True)
    (older / "saved_model.pb").write_bytes(b"old")
    (fetched / "small" / "README.md").write_text("old")
    assert fetching.fetch(served, indexes.read_index()) == fetched / "small" / "3"
    assert (older / "saved_model.pb").read_bytes() == b"old"
    assert (fetched / "small" / "README.md").read_text() == "# small"
    assert find("small").name == "3"


def test_a_folder_that_cannot_be_written_to(site, served, fetched):
    fetched.write_bytes(b"a file where the folder should be")
    message = failure("small")
    assert f"cannot write to {fetched}: " in message and "set ZOO_SAVED_MODELS to" in message


def test_an_archive_at_an_address(site, packed, fetched, right, contents):
    archive, entry = packed
    url = site.put("any/small.tgz", archive.read_bytes())
    version = find(url)
    assert (version.parent.name, version.name) == ("small", "3")
    assert contents(version.parent) == right
    # In the cache, until it is forgotten.
    assert find(url) == version and len(site.asked) == 1
    assert fetching.remove(url) and not version.exists() and fetching.remove(url) == []
    assert find(f"{url}#sha256={entry.sha256}") and len(site.asked) == 2
    assert "it sent other content: sha256" in failure(f"{url}#sha256={'0' * 64}")
    site.put("page", b"<html>sign in</html>")
    assert "it is no archive, or a cut or damaged one" in failure(site.url("page"))
    assert "it answers 404 Not Found" in failure(site.url("none.tar.gz"))
    assert names() == []


def test_an_archive_on_this_machine(packed, fetched, right, contents):
    version = find(packed[0])
    assert contents(version.parent) == right and version.parent.name == "small"
    copy = packed[0].with_name("copy.tar.gz")
    shutil.copy(packed[0], copy)
    assert find(copy) == version
    copy.write_bytes(b"no archive")
    assert "it is no archive, or a cut or damaged one" in failure(str(copy))


@pytest.mark.parametrize("below", ["", "/3"])
def test_a_folder_by_fsspec(model, fetched, right, contents, below):
    fsspec = pytest.importorskip("fsspec")
    store = fsspec.filesystem("memory")
    store.put(str(model), "/bucket/small", recursive=True)
    try:
        version = find(f"memory://bucket/small{below}")
        assert (version.parent.name, version.name) == ("small", "1" if below else "3")
        found = contents(version if below else version.parent)
        if below:
            right = {k.removeprefix("3/"): v for k, v in right.items() if k.startswith("3/")}
        assert found == right
        assert "nothing is there" in failure("memory://bucket/none")
    finally:
        store.rm("/bucket", recursive=True)


def test_a_scheme_without_its_package(fetched, monkeypatch):
    pytest.importorskip("fsspec")
    assert "is no scheme that is known" in failure("nonsense://host/model")
    monkeypatch.setitem(sys.modules, "s3fs", None)
    assert "not installed: pip install s3fs" in failure("s3://bucket/model")
    monkeypatch.setitem(sys.modules, "fsspec", None)
    assert "need fsspec: pip install rnn-zoo[remote]" in failure("gs://bucket/model")


def test_an_unknown_name_says_where_it_looked_and_how_to_get_one(packed, fetched, listed):
    listed(packed[1])
    fetched.mkdir()
    message = failure("smal")
    assert "unknown saved model 'smal'; did you mean 'small'?" in message
    assert f"Looked in {fetched}" in message and "`zoo list saved` shows them all" in message
    assert "an address" in message
