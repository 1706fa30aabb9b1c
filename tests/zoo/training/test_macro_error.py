"""The macro error against scikit-learn, over batches, in a fit, and by its name."""

import keras
import numpy as np
import pytest

from zoo.training.macro_error import MacroError


def test_it_is_one_minus_the_macro_f1_of_all_batches_together():
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    # Of six classes one is never wanted, and one neither wanted nor said.
    truth, scores = random.integers(0, 4, 50), random.normal(size=[50, 6])
    scores[:, 5] = -9
    measure = MacroError()
    for part in (slice(0, 7), slice(7, 50)):
        measure.update_state(truth[part], scores[part])
    wanted = metrics.f1_score(truth, scores.argmax(1), average="macro", zero_division=0)
    assert float(measure.result()) == pytest.approx(1 - wanted, abs=1e-6)
    measure.reset_state()
    measure.update_state([2, 2], np.eye(6)[[2, 2]])
    assert float(measure.result()) == pytest.approx(0)


def test_it_measures_a_validation_in_a_graph():
    given = keras.Input([3])
    model = keras.Model(given, keras.layers.Identity()(given))
    measure = MacroError()
    model.compile(loss="mse", metrics=[measure], optimizer="sgd")
    scores, truth = np.eye(3, dtype="float32")[[0, 1, 2, 2]], np.array([0, 1, 2, 1])
    found = model.evaluate(scores, truth[:, None], batch_size=3, verbose=0, return_dict=True)
    # F1 of the classes: 1, 2/3, 2/3.
    assert found["macro_error"] == pytest.approx(1 - 7 / 9, abs=1e-6)
    assert MacroError.from_config(measure.get_config()).name == "macro_error"
