"""Training that is interrupted, and training that diverges."""

import os
import signal
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo import training
from zoo.training.interruption import Interruption

STEPS = 23
ROUND = 5


def model_and_data(learning_rate=0.05, averaged=True, poison=None):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input([3]), keras.layers.Dropout(0.2), keras.layers.Dense(1, name="last")]
    )
    momentum = 0.99 if averaged else None
    model.compile(
        optimizer=training.optimizer(learning_rate, STEPS, ema_momentum=momentum), loss="mse"
    )
    inputs = np.random.default_rng(1).normal(size=(4 * STEPS, 3)).astype("float32")
    targets = (inputs @ [[3.0], [-2.0], [1.0]]).astype("float32")
    validation = tf.data.Dataset.from_tensor_slices((inputs, targets)).batch(16)
    if poison is not None:
        targets = targets.copy()
        targets[4 * poison - 1] = np.nan
    return model, tf.data.Dataset.from_tensor_slices((inputs, targets)).batch(4), validation


def fit(folder, callbacks=(), resume=False, **settings):
    model, batches, validation = model_and_data(**settings)
    training.fit(
        model,
        lambda step: batches.skip(step),
        training.RunFolder(folder),
        total_steps=STEPS,
        steps_per_epoch=STEPS,
        round_steps=ROUND,
        validation=validation,
        resume=resume,
        callbacks=callbacks,
    )
    return model


class SignalAt(keras.callbacks.Callback):
    """Sends this process a signal when a step or a validation begins."""

    def __init__(self, number, step, in_validation=False):
        super().__init__()
        self.number, self.step, self.in_validation = number, step, in_validation
        self.begun = 0

    def on_train_batch_begin(self, batch, logs=None):
        self.begun += 1
        if self.begun == self.step and not self.in_validation:
            os.kill(os.getpid(), self.number)

    def on_test_batch_begin(self, batch, logs=None):
        if self.begun >= self.step and self.in_validation:
            self.in_validation = False
            os.kill(os.getpid(), self.number)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run: its folder and its model."""
    folder = tmp_path_factory.mktemp("whole")
    return training.RunFolder(folder), fit(folder)


@pytest.mark.parametrize(
    ("number", "step", "in_validation", "kept"),
    [
        (signal.SIGINT, 2, False, 2),  # in the first round
        (signal.SIGTERM, ROUND, True, ROUND),  # the averages stand in the weights' place
        pytest.param(signal.SIGTERM, 13, False, 13, marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, STEPS, False, STEPS, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, STEPS, True, STEPS, marks=pytest.mark.slow),
    ],
)
def test_an_interruption_keeps_the_step_and_resumes_to_the_same(
    tmp_path, whole, number, step, in_validation, kept
):
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    message = f"the checkpoint of step {kept} is kept: go on with --resume"
    with pytest.raises(training.TrainingInterruptedError, match=message) as caught:
        fit(tmp_path / "cut", [SignalAt(number, step, in_validation)])
    assert caught.value.number == number
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before
    run = training.RunFolder(tmp_path / "cut")
    assert run.checkpoints.steps()[-1] == kept
    assert run.read_history()[-1]["step"] == kept
    resumed = fit(tmp_path / "cut", resume=True)
    for one, other in zip(resumed.weights, whole[1].weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, err_msg=one.path)
    rows, expected = run.read_history(), whole[0].read_history()
    # The rounds end where they would have ended; the one that was cut has a row of its own.
    assert [row["step"] for row in rows] == sorted({*(row["step"] for row in expected), kept})
    for row in expected:
        same = next(other for other in rows if other["step"] == row["step"])
        if "val_loss" in same:
            assert same["val_loss"] == pytest.approx(row["val_loss"], rel=1e-4)
        assert "val_loss" in same or row["step"] == kept


def test_a_second_interruption_ends_at_once(tmp_path):
    class Twice(SignalAt):
        def on_train_batch_begin(self, batch, logs=None):
            super().on_train_batch_begin(batch)
            if self.begun == self.step:
                os.kill(os.getpid(), self.number)

    with pytest.raises(KeyboardInterrupt) as caught:
        fit(tmp_path, [Twice(signal.SIGINT, 8)])
    assert type(caught.value) is KeyboardInterrupt
    assert training.RunFolder(tmp_path).checkpoints.steps() == [5]


def test_another_thread_leaves_the_handlers_alone():
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def enter():
        with Interruption():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]


@pytest.mark.parametrize(
    "step", [7, STEPS, *(pytest.param(step, marks=pytest.mark.slow) for step in (1, 5, 11))]
)
def test_a_loss_that_is_not_finite_ends_training_at_its_step(tmp_path, step):
    message = f"training diverged: loss is nan at step {step}; "
    kept = (step - 1) // ROUND * ROUND
    message += f"the weights of step {kept} are kept" if kept else "no weights are kept"
    with pytest.raises(training.DivergedError, match=message):
        fit(tmp_path, poison=step)
    run = training.RunFolder(tmp_path)
    assert run.checkpoints.steps() == ([s for s in (kept - ROUND, kept) if s > 0])
    for kept_step in run.checkpoints.steps():
        assert all(np.isfinite(value).all() for value in run.checkpoints.read(kept_step))


def test_weights_that_are_not_finite_are_never_kept(tmp_path):
    class Poison(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == ROUND - 1:
                self.model.get_layer("last").bias.assign([np.inf])

    with pytest.raises(training.DivergedError, match="at step 5; no weights are kept"):
        fit(tmp_path, [Poison()], averaged=False)
    assert training.RunFolder(tmp_path).checkpoints.steps() == []


def test_a_measure_that_is_not_finite_ends_training(tmp_path):
    class Broken(keras.metrics.Metric):
        def update_state(self, y_true, y_pred, sample_weight=None):
            pass

        def result(self):
            return tf.constant(np.inf)

    model, batches, validation = model_and_data()
    model.compile(optimizer=model.optimizer, loss="mse", metrics=[Broken(name="broken")])
    with pytest.raises(training.DivergedError, match="broken is inf at step 5"):
        training.fit(
            model,
            lambda step: batches.skip(step),
            training.RunFolder(tmp_path),
            total_steps=STEPS,
            steps_per_epoch=ROUND,
            validation=validation,
        )
