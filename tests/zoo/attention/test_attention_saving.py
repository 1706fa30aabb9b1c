"""Functional models that hold attentions are saved, loaded and exported whole."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import zoo.attention

RNG = np.random.default_rng(13)
INPUTS = {
    "values": RNG.normal(size=(3, 5, 6)).astype("float32"),
    "mask": np.arange(5) < np.array([5, 2, 0])[:, None],
    "query": RNG.normal(size=(3, 6)).astype("float32"),
    "next_query": RNG.normal(size=(3, 6)).astype("float32"),
}


def two_steps(*names, **settings):
    """A model in which each kind takes two steps, the second from the state of the first."""
    values = keras.Input((None, 6), name="values")
    mask = keras.Input((None,), dtype="bool", name="mask")
    query, next_query = (keras.Input((6,), name=n) for n in ("query", "next_query"))
    outputs = {}
    for name in names:
        attention = zoo.attention.get(name, units=7, **settings)
        memory = attention.memory(values, mask)
        context, weights, state = attention(query, memory)
        outputs[f"{name}_context"], outputs[f"{name}_weights"] = context, weights
        context, weights, state = attention(next_query, memory, state)
        for i, part in enumerate((context, weights, *state)):
            outputs[f"{name}_next_{i}"] = part
    inputs = {"values": values, "mask": mask, "query": query, "next_query": next_query}
    return keras.Model(inputs, outputs)


def assert_same(left, right, **tolerance):
    assert sorted(left) == sorted(right)
    for name in left:
        np.testing.assert_allclose(left[name], right[name], err_msg=name, **tolerance)


@pytest.mark.parametrize("name", zoo.attention.names())
def test_save_and_load(name, tmp_path):
    model = two_steps(name)
    for weight in model.trainable_weights:
        weight.assign(weight + 0.1)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_same(loaded(INPUTS), model(INPUTS), rtol=1e-6)
    assert [w.path for w in loaded.weights] == [w.path for w in model.weights]
    (layer,) = (x for x in loaded.layers if isinstance(x, zoo.attention.Attention))
    (made,) = (x for x in model.layers if isinstance(x, zoo.attention.Attention))
    assert layer.get_config() == made.get_config()


SETTINGS = {
    "additive": {"use_bias": True},
    "hard": {"score": "dot", "seed": 5},
    "local_monotonic": {"window": 2, "score": "additive", "gaussian": True},
    "local_predictive": {"window": 2, "score": "concat"},
    "monotonic": {"score": "additive", "noise": 0.5, "offset": -3.0, "seed": 2},
    "coverage": {"use_bias": False, "score": "normalised_additive"},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_are_kept(name):
    attention = zoo.attention.get(name, units=4, dtype="mixed_bfloat16", **SETTINGS[name])
    config = attention.get_config()
    assert config.items() >= {"units": 4, **SETTINGS[name]}.items()
    again = type(attention).from_config(config)
    assert again.get_config() == config
    assert again.dtype_policy.name == "mixed_bfloat16"


@pytest.mark.parametrize("name", ["additive", "general", "hard", "coverage"])
def test_a_step_alone_over_a_memory_that_comes_in_is_saved(name, tmp_path):
    """As a decoder's step is: values, keys, mask and state are its inputs."""
    whole = two_steps(name)
    (attention,) = (x for x in whole.layers if isinstance(x, zoo.attention.Attention))
    memory = attention.memory(INPUTS["values"], INPUTS["mask"])
    given = zoo.attention.Memory(
        *(keras.Input(part.shape[1:], dtype=part.dtype.name) for part in memory)
    )
    query = keras.Input((6,))
    state = attention.get_initial_state(3, 5)
    inputs = [*given, query, *(keras.Input(s.shape[1:], dtype=s.dtype.name) for s in state)]
    given_state = type(state)(*inputs[4:]) if state else ()
    context, weights, next_state = attention(query, given, given_state)
    step = keras.Model(inputs, [context, weights, *next_state])
    step.save(tmp_path / "step.keras")
    loaded = keras.models.load_model(tmp_path / "step.keras")
    outputs = loaded([*memory, keras.ops.convert_to_tensor(INPUTS["query"]), *state])
    expected = whole(INPUTS)
    np.testing.assert_allclose(outputs[0], expected[f"{name}_context"], rtol=1e-6)
    np.testing.assert_allclose(outputs[1], expected[f"{name}_weights"], rtol=1e-6)


def test_a_step_may_come_before_the_memory():
    """A layer's calls differ in their number of outputs, and any of them may be the first."""
    attention = zoo.attention.get("additive", units=7)
    query, values, mask = keras.Input((6,)), keras.Input((5, 6)), keras.Input((5,), dtype="bool")
    given = zoo.attention.Memory(values, keras.Input((5, 7)), mask)
    step = keras.Model([query, *given], attention(query, given)[:2])
    encoder = keras.Model([values, mask], list(attention.memory(values, mask)))
    encoded = encoder.predict_on_batch([INPUTS["values"], INPUTS["mask"]])
    context, _ = step.predict_on_batch([INPUTS["query"], *encoded])
    memory = attention.memory(INPUTS["values"], INPUTS["mask"])
    np.testing.assert_allclose(context, attention(INPUTS["query"], memory)[0], rtol=1e-6)


@keras.saving.register_keras_serializable(package="test_attention_saving")
class Summary(keras.layers.Layer):
    """A layer with an attention inside that builds it from shapes alone."""

    def __init__(self, kind, **kwargs):
        super().__init__(**kwargs)
        self.kind = kind
        self.attention = zoo.attention.get(kind, units=7)

    def build(self, query_shape, values_shape):
        self.attention.build(query_shape, values_shape)

    def call(self, query, values):
        return self.attention(query, self.attention.memory(values))[0]

    def get_config(self):
        return {**super().get_config(), "kind": self.kind}


@pytest.mark.parametrize("name", ["additive", "general", "local_predictive", "monotonic"])
def test_a_layer_that_holds_one_is_saved(name, tmp_path):
    query, values = keras.Input((6,)), keras.Input((5, 6))
    model = keras.Model([query, values], Summary(name)(query, values))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    given = [INPUTS["query"], INPUTS["values"]]
    np.testing.assert_allclose(loaded(given), model(given), rtol=1e-6)


BARE = """
import sys
import numpy as np
import tensorflow as tf

serve = tf.saved_model.load("model").signatures["serving_default"]
outputs = serve(**{k: tf.constant(v) for k, v in np.load("inputs.npz").items()})
np.savez("outputs.npz", **{k: v.numpy() for k, v in outputs.items()})
assert not any(m.split(".")[0] in ("zoo", "recipes") for m in sys.modules)
"""


@pytest.mark.slow
def test_export_and_load_in_a_bare_process(tmp_path):
    """All kinds in one model, so that one process will do."""
    model = two_steps(*zoo.attention.names())
    model.export(tmp_path / "model", format="tf_saved_model", verbose=False)
    np.savez(tmp_path / "inputs.npz", **INPUTS)
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
    subprocess.run([sys.executable, "-c", BARE], check=True, env=environment, cwd=tmp_path)
    outputs = dict(np.load(tmp_path / "outputs.npz"))
    assert_same(outputs, model(INPUTS), rtol=1e-5, atol=1e-6)
