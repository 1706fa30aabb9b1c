"""Archives of saved models: the same bytes for the same model, and nothing written elsewhere."""

import gzip
import hashlib
import io
import os
import shutil
import tarfile
import zipfile

import pytest

from zoo.references import model_archive
from zoo.references.addresses import DownloadFailed


def test_the_same_model_gives_the_same_bytes(model, packed, tmp_path):
    archive, entry = packed
    other = tmp_path / "elsewhere" / "small"
    shutil.copytree(model, other)
    for path in other.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700)
    again = tmp_path / "again.tar.gz"
    model_archive.packed_file(other, 3, again)
    assert again.read_bytes() == archive.read_bytes()
    # By the standard library alone.
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == entry.sha256
    assert archive.stat().st_size == entry.bytes
    stream = gzip.decompress(archive.read_bytes())
    assert (hashlib.sha256(stream).hexdigest(), len(stream)) == (
        entry.unpacked_sha256,
        entry.unpacked_bytes,
    )
    assert model_archive.content_hash(other, 3) == entry.unpacked_sha256
    (other / "3/saved_model.pb").write_bytes(b"graph" * 8_999 + b"grapH")
    assert model_archive.content_hash(other, 3) != entry.unpacked_sha256


def test_it_holds_one_version_and_its_papers(packed, right):
    with tarfile.open(packed[0]) as tar:
        assert tar.getnames() == sorted(f"small/{name}" for name in right)
        assert {(m.mtime, m.uid, m.uname) for m in tar.getmembers()} == {(0, 0, "")}


def tar_of(*members) -> bytes:
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            else:
                info.type, info.linkname = content
                tar.addfile(info)
    return found.getvalue()


def zip_of(*members) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return found.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (tar_of(("../out", b"x")), "'../out' would be written elsewhere"),
        (tar_of(("/tmp/out", b"x")), "'/tmp/out' would be written elsewhere"),
        (zip_of(("a/../../out", b"x")), "would be written elsewhere"),
        (tar_of(("m/1", (tarfile.SYMTYPE, "/"))), "'m/1' is a link or a device"),
        (tar_of(("m/1", (tarfile.LNKTYPE, "m/2"))), "'m/1' is a link or a device"),
        (tar_of(("m/1", (tarfile.FIFOTYPE, ""))), "'m/1' is a link or a device"),
        (tar_of(("m/1", b"x"), ("m/1", b"y")), "it holds a file twice"),
        (tar_of(("m", b"x"), ("m/1", b"y")), "it holds a file twice"),
        (tar_of(("m/1", bytes(5_000_000))), "it unpacks to more than 1,000 bytes"),
        (zip_of(("m/1", bytes(5_000_000))), "it unpacks to more than 1,000 bytes"),
        (tar_of(("m/1", b"x" * 900))[:-40], "cut or damaged"),
        (b"<html>sign in</html>", "no archive, or a cut or damaged one"),
        (b"", "no archive, or a cut or damaged one"),
    ],
    # The bytes of an archive hold the time: as names they would differ between processes.
    ids=[
        "parent",
        "absolute",
        "parent-zip",
        "symlink",
        "hardlink",
        "fifo",
        "twice",
        "file-and-folder",
        "bomb",
        "bomb-zip",
        "cut",
        "page",
        "empty",
    ],
)
def test_what_is_refused_writes_nothing_elsewhere(tmp_path, content, message):
    archive, folder = tmp_path / "archive", tmp_path / "in" / "folder"
    archive.write_bytes(content)
    folder.mkdir(parents=True)
    with pytest.raises(DownloadFailed) as failure:
        model_archive.unpack(archive, folder, 1_000)
    assert message in str(failure.value)
    written = [p for p in tmp_path.rglob("*") if p.is_file() and p != archive]
    assert all(folder in p.parents for p in written)
    assert sum(p.stat().st_size for p in written) <= 1_000


@pytest.mark.parametrize("make", [tar_of, zip_of])
@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["deep/small/3/saved_model.pb"], ("small", "3")),
        (["3/saved_model.pb", "README.md"], ("given", "3")),
        (["saved_model.pb", "variables/variables.index"], ("given", "1")),
        (["small/saved_model.pb", "small/variables/x"], ("small", "1")),
    ],
)
def test_a_model_is_found_wherever_it_lies(tmp_path, make, names, found):
    archive, folder = tmp_path / "archive", tmp_path / "in"
    archive.write_bytes(make(*((name, b"x") for name in names)))
    folder.mkdir()
    model_archive.unpack(archive, folder, 1_000)
    name, model = model_archive.arrange(folder, "given")
    assert (name, (model / found[1] / "saved_model.pb").is_file()) == (found[0], True)


@pytest.mark.parametrize("names", [["README.md"], ["a/1/saved_model.pb", "b/1/saved_model.pb"]])
def test_no_model_and_two_are_refused(tmp_path, names):
    archive, folder = tmp_path / "archive", tmp_path / "in"
    archive.write_bytes(tar_of(*((name, b"x") for name in names)))
    folder.mkdir()
    model_archive.unpack(archive, folder, 1_000)
    with pytest.raises(DownloadFailed, match=r"there is no <name>/<version>/saved_model\.pb in it"):
        model_archive.arrange(folder, "given")
