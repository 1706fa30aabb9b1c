"""The index of saved models."""

import json

import pytest

from zoo.errors import InputError
from zoo.references.index import Index, read_index, write_index


def test_it_is_read_as_it_was_written(packed, tmp_path):
    index = Index("https://host/models", (packed[1],))
    write_index(index, tmp_path / "index.json")
    assert read_index(tmp_path / "index.json") == index
    assert index.names("s*") == ["small"] and index.names("x*") == []
    assert index.get("small") == packed[1] and index.get("none") is None


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"bytes": "12"}, "bytes is '12'; expected int"),
        ({"name": "../out"}, "name is '../out'"),
        ({"name": ".hidden"}, "name is '.hidden'"),
        ({"more": 1}, "more"),
    ],
)
def test_a_wrong_entry_is_told(packed, tmp_path, change, wrong):
    path = tmp_path / "index.json"
    write_index(Index(None, (packed[1],)), path)
    content = json.loads(path.read_text())
    content["models"][0].update(change)
    path.write_text(json.dumps(content))
    with pytest.raises(InputError) as error:
        read_index(path)
    assert str(error.value).startswith(f"{path}: is no index of saved models: ")
    assert wrong in str(error.value)


@pytest.mark.parametrize("content", ["", "[]", '{"models": 3}', "\N{SNOWMAN}"])
def test_what_is_no_index_is_told(tmp_path, content):
    path = tmp_path / "index.json"
    path.write_text(content)
    with pytest.raises(InputError, match="is no index of saved models"):
        read_index(path)
