import dataclasses
import json
from typing import get_args, get_type_hints

import pytest

import recipes
from recipes.catalog import REGISTRY
from recipes.ranges import RANGES
from recipes.settings import parse, read_file, replace
from zoo.errors import InputError


def _kind(recipe, setting):
    """The type of a setting, without None."""
    hint = get_type_hints(type(REGISTRY.get(recipe).settings))[setting]
    return next((kind for kind in get_args(hint) if kind is not type(None)), hint)


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


NUMBERS = [
    (name, field.name)
    for name in recipes.names()
    for field in dataclasses.fields(REGISTRY.get(name).settings)
    if _kind(name, field.name) in (int, float)
]


@pytest.mark.parametrize("name", recipes.names())
def test_every_number_has_a_range_that_its_values_are_in(name):
    recipe = REGISTRY.get(name)
    for owner, setting in NUMBERS:
        if owner == name:
            value = getattr(recipe.settings, setting)
            assert setting in RANGES, setting
            assert value is None or value in RANGES[setting], setting
    for parameter in recipe.search_space:
        for value in parameter.choices or (parameter.low, parameter.high):
            if parameter.name in RANGES and value is not None:
                assert value in RANGES[parameter.name], parameter.name


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("batch_size=0", "setting batch_size=0: expected 1 or more"),
        ("learning_rate=-1", "setting learning_rate=-1.0: expected more than 0"),
        ("learning_rate=0", "expected more than 0"),
        ("test_share=1.5", "expected more than 0 and less than 1"),
        ("dropout=1", "setting dropout=1.0: expected 0 or more and less than 1"),
        ("ema_momentum=1.01", "expected 0 or more and 1 at most"),
        ("keep_checkpoints=0", "expected 1 or more"),
        ("epochs=0", "expected more than 0"),
    ],
)
def test_a_number_outside_of_its_range_is_refused(assignment, message):
    with pytest.raises(InputError, match=message):
        replace(REGISTRY.get("question_type").settings, parse([assignment]))


def test_shares_that_leave_nothing_to_train_on_are_refused():
    given = {"test_share": 0.5, "validation_share": 0.5}
    with pytest.raises(InputError, match="leave nothing to train on"):
        replace(REGISTRY.get("question_type").settings, given)


def test_a_setting_outside_of_its_range_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(InputError, match="setting horizon=0"):
        recipes.get("sunspots").fit(tmp_path / "run", data=tmp_path / "none.csv", horizon=0)
    assert not (tmp_path / "run").exists()
