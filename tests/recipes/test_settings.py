import dataclasses
import json

import pytest

from recipes.settings import parse, read_file, replace
from zoo.errors import InputError


@dataclasses.dataclass(frozen=True)
class Record:
    units: int = 8
    rate: float = 0.1
    residual: bool = False
    cell: str = "lstm"
    momentum: float | None = None


def test_text_becomes_the_type_of_the_setting():
    text = parse(["units=3", "rate = 1e-3", "residual=yes", "cell=gru", "momentum=0.9"])
    assert replace(Record(), text) == Record(3, 1e-3, True, "gru", 0.9)
    assert replace(Record(momentum=1.0), {"momentum": "none"}).momentum is None


def test_values_from_json_come_as_they_are():
    record = Record(4, 0.5, True, "gru", None)
    assert replace(Record(), json.loads(json.dumps(dataclasses.asdict(record)))) == record


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("unit=3", "did you mean 'units'"),
        ("units=three", "units='three': expected a whole number"),
        ("units=3.5", "expected a whole number"),
        ("rate=fast", "expected a number"),
        ("rate=nan", "expected a number"),
        ("residual=maybe", "expected true or false"),
        ("momentum=x", "expected a number or none"),
    ],
)
def test_a_bad_setting_is_named(assignment, message):
    with pytest.raises(InputError, match=message):
        replace(Record(), parse([assignment]))


@pytest.mark.parametrize("text", ["units", "=3", ""])
def test_an_assignment_without_key_or_value(text):
    with pytest.raises(InputError, match="KEY=VALUE"):
        parse([text])


def test_a_file_of_settings(tmp_path):
    path = tmp_path / "best.json"
    path.write_text('{"units": 5}')
    assert read_file(path) == {"units": 5}
    path.write_text("[1]")
    with pytest.raises(InputError, match="JSON object"):
        read_file(path)
    with pytest.raises(InputError, match=r"none\.json"):
        read_file(tmp_path / "none.json")
