"""Archives with their index, and models pushed elsewhere: read back by the other end."""

import base64
import hashlib
import json
import tarfile

import pytest

from recipes.catalog import REGISTRY
from recipes.workbench import publishing
from zoo.errors import InputError
from zoo.references.index import read_index

FACTS = {
    "recipe": "g2p",
    "settings": {"dataset": "cmudict-g014b2b"},
    "data": None,
    "metrics": {"test": {"word_error_rate": 0.25}},
}


@pytest.fixture
def base(tmp_path):
    """A folder with one model of two versions and one of which only figures are kept."""
    base = tmp_path / "saved_models"
    for name, content in {
        "g2p/README.md": b"# g2p: the card",
        "g2p/metrics.json": json.dumps(FACTS).encode(),
        "g2p/1/saved_model.pb": b"old",
        "g2p/2/saved_model.pb": b"new",
        "g2p/2/variables/variables.index": b"index",
        "g2p/model.keras": b"the same weights once more",
        "figures/metrics.json": b"{}",
    }.items():
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_bytes(content)
    return base


def test_pack_writes_archives_and_the_index_of_them(base, tmp_path):
    index = publishing.pack(base, tmp_path / "out", "https://host/models")
    (entry,) = index.models
    archive = tmp_path / "out" / "g2p-2.tar.gz"
    assert (entry.name, entry.version, entry.address) == ("g2p", 2, archive.name)
    assert entry.sha256 == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert entry.licence.startswith("Apache-2.0; cmudict-g014b2b: ")
    assert read_index(base / "index.json") == read_index(tmp_path / "out" / "index.json") == index
    with tarfile.open(archive) as tar:
        assert "g2p/1/saved_model.pb" not in tar.getnames()
    again = publishing.pack(base, tmp_path / "again", "https://host/models", ["g2p"])
    assert again == index
    with pytest.raises(InputError, match="figures: there is no <version>/saved_model"):
        publishing.pack(base, tmp_path / "out", names=["figures"])


def test_the_block_of_metadata(base):
    yaml = pytest.importorskip("yaml")
    text = publishing.metadata(base / "g2p")
    assert text.startswith("---\n") and text.endswith("---\n\n")
    block = yaml.safe_load(text.strip("-\n"))
    assert block["license"] == "apache-2.0" and block["datasets"] == ["cmudict-g014b2b"]
    assert block["metrics"] == ["word_error_rate"]
    (result,) = block["model-index"][0]["results"]
    assert result["metrics"] == [{"type": "word_error_rate", "value": 0.25}]


def test_the_tasks_are_of_recipes_that_there_are():
    assert set(publishing.TASKS) <= set(REGISTRY.names())


def test_pushed_by_fsspec_and_found_again(base, tmp_path, monkeypatch):
    fsspec = pytest.importorskip("fsspec")
    from zoo.references.saved_models import find

    monkeypatch.setenv("ZOO_SAVED_MODELS", str(tmp_path / "kept"))
    address = publishing.push(base / "g2p", "memory://pushed/g2p")
    try:
        version = find(address)
        assert (version.parent.name, version.name) == ("g2p", "2")
        assert (version / "saved_model.pb").read_bytes() == b"new"
        assert not (version.parent / "model.keras").exists()
    finally:
        fsspec.filesystem("memory").rm("/pushed", recursive=True)
    with pytest.raises(InputError, match="cannot be written to; expected hf://"):
        publishing.push(base / "g2p", "https://host/g2p")


@pytest.fixture
def hub(site, monkeypatch):
    """A stand-in for the hub: it takes a repository and one commit of plain files."""
    pytest.importorskip("huggingface_hub")
    taken = {}

    def answer(request, content):
        sent = json.dumps(content).encode()
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(sent)))
        request.end_headers()
        request.wfile.write(sent)

    def body(request) -> bytes:
        if request.headers.get("Transfer-Encoding") == "chunked":
            found = b""
            while size := int(request.rfile.readline(), 16):
                found += request.rfile.read(size)
                request.rfile.readline()
            return found
        return request.rfile.read(int(request.headers["Content-Length"]))

    def create(request):
        taken["repository"] = json.loads(body(request))
        answer(request, {"url": site.url("owner/g2p"), "name": "owner/g2p", "id": "owner/g2p"})

    def preupload(request):
        files = json.loads(body(request))["files"]
        plain = [
            {"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in files
        ]
        answer(request, {"files": plain})

    def commit(request):
        lines = [json.loads(line) for line in body(request).splitlines()]
        taken["files"] = {
            one["value"]["path"]: base64.b64decode(one["value"]["content"])
            for one in lines
            if one["key"] == "file"
        }
        answer(request, {"commitUrl": site.url("owner/g2p/commit/0"), "commitOid": "0" * 40})

    def validate(request):
        taken["validated"] = json.loads(body(request))
        answer(request, {"errors": [], "warnings": []})

    site.answers["POST /api/repos/create"] = create
    site.answers["POST /api/validate-yaml"] = validate
    site.answers["POST /api/models/owner/g2p/preupload/main"] = preupload
    site.answers["POST /api/models/owner/g2p/commit/main"] = commit
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", site.address)
    monkeypatch.setenv("HF_TOKEN", "a-token-of-a-test")
    return taken


def test_pushed_to_the_hub(base, hub):
    assert publishing.push(base / "g2p", "hf://owner/g2p") == "hf://owner/g2p"
    files = hub["files"]
    assert hub["repository"]["name"] == "g2p"
    assert files["2/saved_model.pb"] == b"new" and "model.keras" not in files
    assert not [name for name in files if name.startswith("1/")]
    card = files["README.md"].decode()
    assert card.startswith("---\n") and card.endswith("---\n\n# g2p: the card")
    with pytest.raises(InputError, match="expected hf://OWNER/NAME"):
        publishing.push(base / "g2p", "hf://g2p")


def test_a_hub_that_refuses_is_told(base, hub, site):
    site.answers["POST /api/repos/create"] = lambda request: request.send_error(403)
    with pytest.raises(InputError, match="hf://owner/g2p: cannot be written to: ") as error:
        publishing.push(base / "g2p", "hf://owner/g2p")
    assert "\n" not in str(error.value) and "403" in str(error.value)
