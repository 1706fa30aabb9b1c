"""The forecast builder: its linear part, its anchor, and that it learns what a line cannot."""

import keras
import numpy as np
import pytest

import zoo
from zoo.errors import InputError

SIZES = {"num_features": 3, "window": 6, "horizon": 4, "num_future": 2, "units": 5}


@pytest.fixture(scope="module")
def batch():
    random = np.random.default_rng(0)
    return {
        "past": random.normal(size=[7, 6, 3]).astype("float32"),
        "future": random.normal(size=[7, 4, 2]).astype("float32"),
    }


@pytest.mark.parametrize("form", ["n_to_one", "n_to_m"])
def test_it_is_the_last_value_and_the_linear_part_and_the_network(batch, form):
    model = zoo.build("forecast", **SIZES, form=form)
    before = model(batch)["forecast"].numpy()
    random = np.random.default_rng(1)
    kernel = random.normal(size=[6 * 3 + 4 * 2, 4]).astype("float32")
    bias = random.normal(size=4).astype("float32")
    model.get_layer("linear").set_weights([kernel, bias])
    flat = np.concatenate([batch["past"].reshape(7, -1), batch["future"].reshape(7, -1)], 1)
    np.testing.assert_allclose(model(batch)["forecast"], before + flat @ kernel + bias, atol=1e-5)
    for weight in model.get_layer("output_projection").weights:
        weight.assign(np.zeros(weight.shape))
    wanted = batch["past"][:, -1, :1] + flat @ kernel + bias
    np.testing.assert_allclose(model(batch)["forecast"], wanted, atol=1e-5)


def test_the_decoder_reads_the_future_in_the_order_of_time(batch):
    model = zoo.build("forecast", **SIZES, form="n_to_m", linear=False)
    changed = {**batch, "future": batch["future"].copy()}
    changed["future"][:, 2] += 1
    moved = np.abs(model(batch)["forecast"] - model(changed)["forecast"]).max(0)
    assert np.all(moved[:2] == 0) and np.all(moved[2:] > 0)


def test_rows_are_read_in_groups(batch):
    model = zoo.build("forecast", **SIZES, rows_per_step=3)
    assert model.get_layer("steps").output.shape == (None, 2, 9)
    with pytest.raises(InputError, match="divisor of the window, 6"):
        zoo.build("forecast", **SIZES, rows_per_step=4)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["n_to_one", "n_to_m"])
def test_it_learns_a_product_which_no_line_is(form):
    keras.utils.set_random_seed(0)
    past = np.random.default_rng(0).normal(size=[512, 4, 2]).astype("float32")
    truth = past[:, -1, :1] + (past[:, -1, :1] * past[:, -2, 1:]) * np.array([[1.0, -1.0]])
    model = zoo.build("forecast", num_features=2, window=4, horizon=2, units=16, form=form)
    model.compile(keras.optimizers.Adam(0.01), loss={"forecast": "mse"}, jit_compile=False)
    model.fit({"past": past}, {"forecast": truth}, epochs=60, batch_size=64, verbose=0)
    assert np.mean((model({"past": past})["forecast"] - truth) ** 2) < 0.15
