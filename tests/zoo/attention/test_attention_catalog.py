"""Attentions by name."""

import doctest
import importlib
import pkgutil

import pytest

import zoo.attention
from zoo.errors import InputError


def test_an_attention_is_made_by_name_with_its_settings():
    attention = zoo.attention.get("local_predictive", units=8, window=3, name="look")
    assert isinstance(attention, zoo.attention.LocalPredictiveAttention)
    assert (attention.units, attention.window, attention.name) == (8, 3, "look")


def test_kinds_without_a_scoring_space_leave_units():
    assert isinstance(zoo.attention.get("dot", units=8), zoo.attention.DotAttention)


def test_an_attention_that_is_made_is_handed_back():
    attention = zoo.attention.get("dot")
    assert zoo.attention.get(attention, units=8) is attention
    with pytest.raises(InputError, match=r"settings .window. go with a name"):
        zoo.attention.get(attention, window=3)


def test_names_match_a_pattern():
    assert zoo.attention.names("local*") == ["local_monotonic", "local_predictive"]


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("aditive", {}, "unknown attention 'aditive'; did you mean 'additive'"),
        ("additive", {}, "'additive' attention needs units"),
        ("additive", {"units": 0}, "units must be a whole number above 0, not 0"),
        ("additive", {"units": 2.5}, "units must be a whole number above 0, not 2.5"),
        ("dot", {"window": 3}, "unknown setting of 'dot' attention 'window'"),
        ("local_monotonic", {"windw": 3}, "did you mean 'window'.* Known: .*gaussian.*window"),
        ("monotonic", {"units": 4, "noise": -1.0}, "noise must be 0 or more, not -1.0"),
        ("hard", {"score": "additive"}, "'additive' attention needs units"),
    ],
)
def test_what_is_wrong_is_named(name, settings, message):
    with pytest.raises(InputError, match=message) as caught:
        zoo.attention.get(name, **settings)
    assert "\n" not in str(caught.value)


def test_the_examples_in_the_documentation_run():
    modules = [m.name for m in pkgutil.iter_modules(zoo.attention.__path__, "zoo.attention.")]
    tried = 0
    for module in map(importlib.import_module, ["zoo.attention", *modules]):
        result = doctest.testmod(module)
        assert result.failed == 0, module.__name__
        tried += result.attempted
    assert tried > 40
