"""Averaged weights, against NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo import training


def regression(**settings):
    """A line to fit, compiled; with its inputs and targets."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input([3]), keras.layers.Dense(1)])
    model.compile(optimizer=training.optimizer(0.05, 10_000, **settings), loss="mse")
    inputs = np.random.default_rng(1).normal(size=(64, 3)).astype("float32")
    return model, inputs, inputs @ np.array([[3.0], [-2.0], [1.0]], "float32") + 0.5


def stream(inputs, targets, batch_size=16):
    batches = tf.data.Dataset.from_tensor_slices((inputs, targets)).batch(batch_size).repeat()
    return lambda step: batches.skip(step)


class EveryStep(keras.callbacks.Callback):
    """Keeps the weights after each step."""

    def on_train_begin(self, logs=None):
        self.kept = getattr(self, "kept", [])

    def on_train_batch_end(self, batch, logs=None):
        self.kept.append([weight.numpy().copy() for weight in self.model.trainable_variables])


def averaged(weights, momentum):
    """The average by its definition, in float64."""
    average = np.zeros(weights[0].shape)
    for number, weight in enumerate(weights):
        kept = min(momentum, number / (number + 9))
        average = kept * average + (1 - kept) * weight
    return average


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9, 0.998])
def test_the_average_is_numpys(momentum):
    model, inputs, targets = regression(ema_momentum=momentum)
    watch = EveryStep()
    model.fit(
        stream(inputs, targets)(0), epochs=1, steps_per_epoch=40, callbacks=[watch], verbose=0
    )
    assert len(watch.kept) == 40
    # Keras's fit has put the averages in the weights' place.
    for place, variable in enumerate(model.trainable_variables):
        expected = averaged([weights[place] for weights in watch.kept], momentum)
        np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-4, atol=1e-6)


def test_what_stood_there_before_the_first_step_is_not_in_it():
    model, inputs, targets = regression(ema_momentum=0.998)
    before = model.trainable_variables[0].numpy()
    model.optimizer.build(model.trainable_variables)
    for average in model.optimizer._model_variables_moving_average:
        average.assign(tf.fill(average.shape, 1e6))
    watch = EveryStep()
    model.fit(stream(inputs, targets)(0), epochs=1, steps_per_epoch=1, callbacks=[watch], verbose=0)
    np.testing.assert_array_equal(model.trainable_variables[0].numpy(), watch.kept[0][0])
    assert np.abs(watch.kept[0][0] - before).max() > 1e-3


def test_a_short_fit_is_not_mostly_its_random_start(tmp_path):
    steps = 100
    losses = {}
    for name, momentum in (("averaged", 0.998), ("raw", None)):
        model, inputs, targets = regression(ema_momentum=momentum)
        rows = training.fit(
            model,
            stream(inputs, targets),
            training.RunFolder(tmp_path / name),
            total_steps=steps,
            steps_per_epoch=4,
            round_steps=steps,
            validation=tf.data.Dataset.from_tensor_slices((inputs, targets)).batch(64),
        )
        losses[name] = rows[-1]["val_loss"]
        first, inputs, targets = regression()
        losses["start"] = float(np.mean((first(inputs) - targets) ** 2))
    # The line is all but found; Keras's average would be at half of the loss of the start.
    assert losses["raw"] < 0.02 * losses["start"]
    assert losses["averaged"] < 0.05 * losses["start"]


def test_resumed_at_any_step_it_is_the_same_average(tmp_path):
    def fitted(folder, *goals):
        for number, goal in enumerate(goals):
            model, inputs, targets = regression(ema_momentum=0.99)
            training.fit(
                model,
                stream(inputs, targets),
                training.RunFolder(tmp_path / folder),
                total_steps=goal,
                steps_per_epoch=4,
                resume=number > 0,
            )
        return [variable.numpy() for variable in model.trainable_variables]

    for whole, resumed in zip(fitted("whole", 23), fitted("cut", 9, 14, 23), strict=True):
        np.testing.assert_array_equal(whole, resumed)
