"""A state carried from window to window is the state of the running text."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo import training
from zoo.errors import InputError
from zoo.training import CarriedState, LanePlan, RunFolder, windows_of

VOCABULARY, ROWS, WINDOW = 7, 2, 4
TEXT = np.random.default_rng(0).integers(1, VOCABULARY, [ROWS, 3 * WINDOW + 1]).astype("int32")


def model_of(seed=0, **settings):
    keras.utils.set_random_seed(seed)
    settings = {"num_classes": VOCABULARY, "vocabulary_size": VOCABULARY, **settings}
    return zoo.build("n_to_n", units=5, embedding_dim=3, state_inputs=True, **settings)


def carried(model, total_steps=10, **settings):
    wrapper = CarriedState(model, ROWS, **settings)
    wrapper.compile(
        optimizer=training.optimizer(0.01, total_steps),
        loss={"logits": training.token_cross_entropy()},
        metrics={"logits": [training.TokenNats()]},
    )
    return wrapper


def batch(start, end):
    inputs = {"tokens": TEXT[:, start:end], "length": np.full(ROWS, end - start, "int32")}
    return inputs, {"logits": TEXT[:, start + 1 : end + 1]}


def whole(model):
    inputs, _ = batch(0, 3 * WINDOW)
    zeros = {x.name: np.zeros([ROWS, 5]) for x in model.inputs if x.name.startswith("state")}
    return np.asarray(model({**inputs, **zeros})["logits"])


def nats_of(logits, targets):
    logits = logits - logits.max(-1, keepdims=True)
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return -np.take_along_axis(logs, targets[..., None], -1)[..., 0]


def test_windows_say_what_the_whole_text_says():
    model = model_of(num_layers=2)
    wrapper = CarriedState(model, ROWS)
    pieces = [
        wrapper(batch(k * WINDOW, (k + 1) * WINDOW)[0], training=True)["logits"] for k in range(3)
    ]
    np.testing.assert_allclose(np.concatenate(pieces, 1), whole(model), atol=1e-5)
    # Not in training, a batch begins anew and leaves what is carried alone.
    kept = [np.asarray(variable) for variable in wrapper.carried]
    anew = wrapper(batch(0, WINDOW)[0], training=False)["logits"]
    np.testing.assert_allclose(anew, whole(model)[:, :WINDOW], atol=1e-5)
    for variable, before in zip(wrapper.carried, kept, strict=True):
        np.testing.assert_array_equal(variable, before)


def test_no_gradient_goes_into_the_window_before():
    model = model_of()
    wrapper = CarriedState(model, ROWS)
    wrapper(batch(0, WINDOW)[0], training=True)
    state = {
        name: np.asarray(v) for name, v in zip(wrapper.state_names, wrapper.carried, strict=True)
    }
    inputs, targets = batch(WINDOW, 2 * WINDOW)
    loss = training.token_cross_entropy()
    gradients = []
    for run in (
        lambda: wrapper(inputs, training=True)["logits"],
        lambda: model({**inputs, **state}, training=True)["logits"],
    ):
        with tf.GradientTape() as tape:
            value = loss(targets["logits"], run())
        gradients.append(tape.gradient(value, [v.value for v in model.trainable_variables]))
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(
            tf.convert_to_tensor(one), tf.convert_to_tensor(other), atol=1e-6
        )
    assert not any(variable.trainable for variable in wrapper.carried)


@pytest.mark.parametrize("window", [5, 12, 100])
def test_validation_is_one_pass_over_the_text(window):
    model = model_of(1)
    wrapper = carried(model, window=window)
    inputs, targets = batch(0, 3 * WINDOW)
    # The second row is shorter; its padding counts for nothing.
    inputs["length"] = np.array([12, 7], "int32")
    targets["logits"] = np.where(np.arange(12) < inputs["length"][:, None], targets["logits"], 0)
    found = wrapper.evaluate(
        tf.data.Dataset.from_tensors((inputs, targets)), verbose=0, return_dict=True
    )
    nats = nats_of(whole(model), targets["logits"])
    wanted = nats[targets["logits"] > 0].mean()
    np.testing.assert_allclose([found["nats"], found["loss"]], wanted, rtol=1e-5)
    assert all(np.all(np.asarray(variable) == 0) for variable in wrapper.carried)


def fitted(path, steps, model_seed=2, resume=False):
    training.deterministic(5)
    model = model_of(model_seed, dropout=0.3, recurrent_weight_dropout=0.3)
    wrapper = carried(model, total_steps=8)
    text = np.random.default_rng(1).integers(1, VOCABULARY, 60).astype("int32")
    windows = windows_of(text, WINDOW, 2)
    plan = LanePlan(len(windows), ROWS, 2)

    def features(columns):
        tokens = columns["tokens"]
        length = tf.fill([tf.shape(tokens)[0]], WINDOW)
        return {"tokens": tokens[:, :-1], "length": length}, {"logits": tokens[:, 1:]}

    training.fit(
        wrapper,
        lambda step: training.training_stream(plan, {"tokens": windows}, features, step),
        RunFolder(path),
        total_steps=steps,
        steps_per_epoch=plan.steps_per_epoch,
        round_steps=2,
        validation=tf.data.Dataset.from_tensors(batch(0, 3 * WINDOW)),
        resume=resume,
    )
    return [np.asarray(v) for v in wrapper.variables if v.dtype == "float32"]


@pytest.mark.slow
def test_a_resumed_run_ends_where_the_uninterrupted_one_does(tmp_path):
    uninterrupted = fitted(tmp_path / "whole", 8)
    fitted(tmp_path / "cut", 4)
    resumed = fitted(tmp_path / "cut", 8, model_seed=9, resume=True)
    assert any(np.any(value) for value in uninterrupted[-2:])
    for one, other in zip(uninterrupted, resumed, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_model_without_states_is_refused():
    model = zoo.build("n_to_n", num_classes=3, vocabulary_size=3, units=2)
    with pytest.raises(InputError, match="build it with state_inputs"):
        CarriedState(model, 2)
