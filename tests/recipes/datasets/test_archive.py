"""A dataset that comes in one archive: every member is checked by itself."""

import io
import tarfile

import pytest

from recipes import datasets
from recipes.datasets.dataset import ArchiveAt
from zoo.errors import InputError

MEMBERS = {f"recordings/{i}.wav": bytes([i]) * 5_000 for i in range(6)}


def archive(members: dict[str, bytes], mode: str = "w:gz") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as tar:
        folder = tarfile.TarInfo("set-0123")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, content in {"README.md": b"not ours", "../../out": b"", **members}.items():
            info = tarfile.TarInfo(f"set-0123/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def declare(site, add, file_of):
    def declare(content: bytes):
        place = ArchiveAt(site.put("set.tar.gz", content))
        add(*(file_of(name, content, place) for name, content in MEMBERS.items()))
        return place.url

    return declare


def names(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("mode", ["w:gz", "w"])
def test_every_member_comes_with_one_download(site, data, declare, mode):
    declare(archive(MEMBERS, mode))
    seen = []
    paths = datasets.fetch("small", progress=lambda *call: seen.append(call))
    assert {name: path.read_bytes() for name, path in paths.items()} == MEMBERS
    assert site.asked == ["/set.tar.gz"]
    assert seen[-1][0] == "set.tar.gz" and seen[-1][1] == seen[-1][2] > 0
    assert names(data) == [f"small/{name}" for name in MEMBERS]
    assert datasets.is_present("small") and datasets.fetch("small") == paths
    assert site.asked == ["/set.tar.gz"]


def test_only_what_is_lacking_is_taken_out(site, data, declare):
    declare(archive(MEMBERS))
    name = "recordings/3.wav"
    assert datasets.fetch("small", [name]) == {name: data / "small" / name}
    assert datasets.is_present("small") and len(site.asked) == 1
    kept = (data / "small/recordings/0.wav").stat()
    (data / "small" / name).unlink()
    datasets.fetch("small")
    assert (data / "small/recordings/0.wav").stat() == kept and len(site.asked) == 2


def test_one_damaged_member_is_named_and_the_others_are_kept(site, data, declare):
    damaged = "recordings/4.wav"
    url = declare(archive({**MEMBERS, damaged: MEMBERS[damaged][:-1] + b"!"}))
    with pytest.raises(InputError) as error:
        datasets.fetch("small")
    assert f"cannot get {damaged}" in str(error.value)
    assert f"{url}: in the archive, {damaged} has sha256 " in str(error.value)
    assert f"put it at {data / 'small' / damaged}" in str(error.value)
    good = [name for name in MEMBERS if name != damaged]
    assert names(data) == [f"small/{name}" for name in good]
    assert [status.status for status in datasets.verify("small")].count("ok") == 5
    # The wrong archive is no reason to refuse what can be had.
    assert list(datasets.fetch("small", good)) == good


def test_a_longer_member_is_damaged(site, data, declare):
    declare(archive({**MEMBERS, "recordings/0.wav": MEMBERS["recordings/0.wav"] + b"more"}))
    with pytest.raises(InputError, match=r"in the archive, recordings/0\.wav has sha256 "):
        datasets.fetch("small")


def test_missing_members_are_counted(site, data, declare):
    kept = dict(list(MEMBERS.items())[:2])
    declare(archive(kept))
    with pytest.raises(InputError, match=r"recordings/2\.wav is not in it \(and 3 more like it\)"):
        datasets.fetch("small")
    assert len(site.asked) == 1
    assert names(data) == [f"small/{name}" for name in kept]


def test_a_link_is_no_member(site, data, declare, tmp_path):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        link = tarfile.TarInfo("set-0123/recordings/0.wav")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    declare(packed.getvalue())
    with pytest.raises(InputError, match=r"recordings/0\.wav is not in it"):
        datasets.fetch("small", ["recordings/0.wav"])
    assert names(data) == []


@pytest.mark.parametrize("content", [archive(MEMBERS)[:-40], b"<html>sign in</html>", b""])
def test_what_is_not_a_whole_archive_is_told(site, data, declare, content):
    url = declare(content)
    with pytest.raises(InputError, match="it sent a cut or damaged archive") as error:
        datasets.fetch("small")
    assert url in str(error.value) and "\n" not in str(error.value)
    assert not [name for name in names(data) if not name.startswith("small/recordings/")]


def test_an_archive_that_is_not_there(site, data, declare):
    url = declare(b"")
    site.answers.clear()
    with pytest.raises(InputError, match=f"{url}: it answers 404 Not Found"):
        datasets.fetch("small")
    assert len(site.asked) == 1 and names(data) == []


def test_a_folder_that_cannot_be_written_to(site, data, declare):
    url = declare(archive(MEMBERS))
    data.write_bytes(b"a file where the folder should be")
    with pytest.raises(InputError, match=f"cannot write to {data}/small: .*unpack {url} there"):
        datasets.fetch("small")
