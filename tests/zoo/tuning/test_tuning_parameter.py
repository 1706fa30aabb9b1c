"""A search space as plain data, and what Keras Tuner makes of it."""

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.tuning import Parameter
from zoo.tuning.parameter import check_space


@pytest.mark.parametrize(
    "parameter, message",
    [
        (Parameter("a"), "expected either choices, or low and high"),
        (Parameter("a", low=1.0), "expected either choices, or low and high"),
        (Parameter("a", choices=(1, 2), low=1, high=2), "expected either choices, or low and high"),
        (Parameter("a", low=2.0, high=1.0), "low=2 must be below high=1"),
        (Parameter("a", low=0.0, high=1.0, log=True), "needs low above 0, not 0"),
        (Parameter("a", choices=(1, 1)), "a choice is there twice: (1, 1)"),
    ],
)
def test_what_is_no_dimension_is_told(parameter, message):
    with pytest.raises(InputError, match="parameter 'a': ") as error:
        parameter.check()
    assert message in str(error.value)


def test_space_must_fit_the_settings():
    settings = {"units": 3}
    check_space([Parameter("units", choices=(3, 4))], settings)
    with pytest.raises(InputError, match="the search space is empty"):
        check_space([], settings)
    with pytest.raises(InputError, match="'unit'; did you mean 'units'"):
        check_space([Parameter("unit", choices=(3, 4))], settings)
    with pytest.raises(InputError, match="'units': is in the search space twice"):
        check_space([Parameter("units", choices=(3, 4))] * 2, settings)


def test_membership():
    assert 3 in Parameter("a", choices=(3, None)) and None in Parameter("a", choices=(3, None))
    assert 4 not in Parameter("a", choices=(3, None))
    assert 0.5 in Parameter("a", low=0.0, high=1.0) and 1 in Parameter("a", low=0.0, high=1.0)
    assert 1.5 not in Parameter("a", low=0.0, high=1.0)
    assert 2 in Parameter("a", low=1, high=3) and 2.5 not in Parameter("a", low=1, high=3)
    assert True not in Parameter("a", low=1, high=3) and None not in Parameter("a", low=1, high=3)


def test_place_on_each_kind_of_axis():
    assert [Parameter("a", choices=("x", "y", "z")).place(v) for v in "xyz"] == [0, 0.5, 1]
    assert Parameter("a", choices=("x",)).place("x") == 0
    assert Parameter("a", low=10, high=20).place(15) == 0.5
    log = Parameter("a", low=1e-4, high=1e-2, log=True)
    np.testing.assert_allclose([log.place(v) for v in (1e-4, 1e-3, 1e-2)], [0, 0.5, 1], atol=1e-12)


def test_rounded_values_stay_in_the_range():
    narrow = Parameter("a", low=0.123456, high=0.123459)
    assert narrow.rounded(0.1234561) == 0.1234561
    assert Parameter("a", low=0.0, high=1.0).rounded(0.123456) == 0.1235
    assert Parameter("a", low=1, high=300).rounded(251) == 251


def test_keras_tuner_gives_back_values_of_every_type():
    from zoo.tuning.engine import HyperParameters, declare

    space = (
        Parameter("flag", choices=(True, False)),
        Parameter("momentum", choices=(0.9, None)),
        Parameter("mixed", choices=(1, 2.5)),
        Parameter("word", choices=("lstm", "gru")),
        Parameter("count", low=1, high=9),
        Parameter("rate", low=1e-4, high=1e-2, log=True),
    )
    defaults = {"flag": False, "momentum": None, "mixed": 2.5, "count": 4, "rate": 1.0}
    hp = HyperParameters()
    values = declare(hp, space, defaults)
    # Each default where it lies in the space, the first or lowest value otherwise.
    expected = [False, None, 2.5, "lstm", 4, 1e-4]
    assert list(values.values()) == expected
    assert [type(value) for value in values.values()] == [type(value) for value in expected]
    # The same through the protocol that a chief and its workers speak.
    travelled = declare(HyperParameters.from_proto(hp.to_proto()), space, {})
    assert travelled == values
