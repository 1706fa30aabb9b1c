import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.decoding import get_sampling_schedule, sampling_schedules
from zoo.errors import InputError

STEPS = np.array([0.0, 1.0, 7.0, 50.0, 5000.0])
# Bengio et al. 2015: the probability of the true token.
EPSILON = {
    "constant": ({}, np.zeros(5)),
    "linear": ({"num_steps": 100}, np.maximum(0, 1 - STEPS / 100)),
    "exponential": ({"base": 0.99}, 0.99**STEPS),
    "inverse_sigmoid": ({"slowness": 20.0}, 20 / (20 + np.exp(STEPS / 20))),
}


def test_all_have_a_closed_form_here():
    assert sampling_schedules.names() == sorted(EPSILON)


@pytest.mark.parametrize("name", EPSILON)
@pytest.mark.parametrize("most", [1.0, 0.25])
def test_the_curve_is_the_papers(name, most):
    settings, epsilon = EPSILON[name]
    schedule = get_sampling_schedule(name, most=most, **settings)
    values = [float(schedule(step)) for step in STEPS]
    np.testing.assert_allclose(values, most * (1 - epsilon), rtol=1e-4, atol=1e-6)
    in_graph = tf.function(schedule)(tf.constant(50, tf.int64))
    np.testing.assert_allclose(in_graph, values[3], rtol=1e-6)


@pytest.mark.parametrize("name", EPSILON)
def test_saved_and_loaded(name):
    schedule = get_sampling_schedule(name, most=0.5, **EPSILON[name][0])
    config = keras.saving.serialize_keras_object(schedule)
    loaded = keras.saving.deserialize_keras_object(config)
    assert type(loaded) is type(schedule) and loaded.get_config() == schedule.get_config()


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("linaer", {}, "did you mean 'linear'"),
        ("linear", {}, "num_steps"),
        ("linear", {"num_steps": 0}, "num_steps is 0"),
        ("exponential", {"base": 1.0}, "base is 1.0"),
        ("inverse_sigmoid", {"slowness": 0.5}, "slowness is 0.5"),
        ("constant", {"most": 1.5}, "most is 1.5"),
    ],
)
def test_bad_settings_are_refused(name, settings, message):
    with pytest.raises(InputError, match=message):
        get_sampling_schedule(name, **settings)
