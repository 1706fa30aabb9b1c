from pathlib import Path

import pytest

from zoo.errors import InputError, naming, unknown_name
from zoo.registry import Registry


def test_a_near_name_is_suggested():
    assert "did you mean 'additive'" in str(unknown_name("attention", "aditive", ["additive"]))


def test_a_far_name_lists_the_known_ones():
    assert (
        str(unknown_name("cell", "xyz", ["gru", "lstm"])) == "unknown cell 'xyz'. Known: gru, lstm"
    )


def test_a_file_is_named_once_where_its_contents_do_not_fit():
    path = Path("own.txt")
    for message in ("two rows are too few", "own.txt: line 3 is empty"):
        with pytest.raises(InputError) as caught, naming(path):
            raise InputError(message)
        assert message in str(caught.value)
        assert str(caught.value).count("own.txt") == 1
    with pytest.raises(InputError, match=r"^no name$"), naming(None):
        raise InputError("no name")


def test_a_registry_gives_back_what_was_registered_and_refuses_a_second_owner():
    registry = Registry("thing")
    assert registry.register("one")(1) == 1
    assert registry.get("one") == 1
    assert registry.names("o*") == ["one"]
    with pytest.raises(ValueError, match="taken"):
        registry.register("one")
        registry.register("one")(2)
    with pytest.raises(InputError, match="unknown thing 'two'"):
        registry.get("two")
