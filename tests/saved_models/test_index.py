"""saved_models/index.json says what is in saved_models/, and the wheel carries the same."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from zoo.references import model_archive
from zoo.references.index import read_index
from zoo.references.versions import list_versions

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "saved_models"
INDEX = MODELS / "index.json"

pytestmark = pytest.mark.skipif(not INDEX.is_file(), reason="saved_models/ has no index")


def test_the_index_names_the_newest_version_of_every_model():
    newest = {f.name: list_versions(f)[-1] for f in MODELS.iterdir() if list_versions(f)}
    assert {one.name: one.version for one in read_index(INDEX).models} == newest


@pytest.mark.parametrize("entry", read_index(INDEX).models, ids=lambda one: one.name)
def test_the_hash_is_of_what_is_there(entry):
    found = model_archive.content_hash(MODELS / entry.name, entry.version)
    assert found == entry.unpacked_sha256, "run `zoo saved pack` and commit the index"


def test_the_models_are_light():
    """The archives are what is fetched, the unpacked ones what a checkout holds."""
    assert sum(one.unpacked_bytes for one in read_index(INDEX).models) < 162e6
    assert max(one.unpacked_bytes for one in read_index(INDEX).models) < 16e6


@pytest.mark.slow
def test_the_wheel_has_two_names_and_the_index(tmp_path):
    command = [sys.executable, "-m", "build", "--outdir", str(tmp_path), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode and "No matching distribution" in done.stdout + done.stderr:
        pytest.skip("no package index from which setuptools could come")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        assert archive.read("zoo/references/index.json") == INDEX.read_bytes()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"zoo", "recipes"}
    packaged = {
        path.relative_to(ROOT).as_posix()
        for top in ("zoo", "recipes")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packaged <= set(names)
