"""What every registered builder keeps, with several cells; a new builder needs a case here."""

import functools
import itertools
import subprocess
import sys
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.errors import InputError

ROWS, STEPS, TARGETS = 3, 4, 3
RANDOM = np.random.default_rng(0)
LENGTH = np.array([4, 2, 0], "int32")
SAME_LENGTH = np.full([ROWS], STEPS, "int32")  # of a target: logits past a row's say nothing
TOKENS = RANDOM.integers(4, 9, [ROWS, STEPS]).astype("int32")
TARGET = RANDOM.integers(4, 7, [ROWS, TARGETS]).astype("int32")
# Padded by 0, as the words' own ends are told by it.
CHARACTERS = np.where(TOKENS[..., None] % 3 >= np.arange(3), TOKENS[..., None], 0)
FEATURES = RANDOM.normal(size=[ROWS, STEPS, 2]).astype("float32")
CLIP = RANDOM.normal(size=[ROWS, STEPS, 12]).astype("float32")
IMAGE = RANDOM.normal(size=[ROWS, 5, STEPS, 2]).astype("float32")
SEQUENCE = {"tokens": TOKENS, "length": LENGTH}
PAIR = {"source": TOKENS, "source_length": LENGTH, "target": TARGET}
SMALL = {"units": 4, "embedding_dim": 3}


class Case(NamedTuple):
    """How a builder is tried: settings, a batch, the outputs' shapes, and the axes of padding."""

    settings: dict
    batch: dict
    shapes: dict
    padded: dict
    refused: dict  # a setting that is wrong: what its error says


# A builder whose inputs differ by a setting has one case more: its name, - and the setting.
CASES = {
    "attention_n_to_m": Case(
        {
            **SMALL,
            "source_vocabulary_size": 9,
            "target_vocabulary_size": 7,
            "output_head": "maxout",
        },
        PAIR,
        {"logits": (3, 3, 7), "alignment": (3, 3, 4)},
        {"source": [1]},
        {"bridge": "copy, zero, dense", "output_head": "plain, token, maxout"},
    ),
    "n_to_n": Case(
        {**SMALL, "num_classes": 5, "vocabulary_size": 9, "crf": True, "num_layers": 2},
        SEQUENCE,
        {"logits": (3, 4, 5), "tags": (3, 4), "score": (3,), "chain": (3, 4, 5, 5)},
        {"tokens": [1]},
        {"num_classes": "1 or more", "dropout": "share", "num_features": "1 or more"},
    ),
    "n_to_one": Case(
        {**SMALL, "num_classes": 5, "vocabulary_size": 9, "num_features": 2},
        {**SEQUENCE, "features": FEATURES},
        {"logits": (3, 5), "vector": (3, 4)},
        {"tokens": [1], "features": [1]},
        {"pooling": "last, mean, max, mean_max, attention", "num_layers": "1 or more"},
    ),
    "n_to_one-clip": Case(
        {
            "units": 4,
            "num_classes": 5,
            "num_features": 12,
            "frame_shape": (4, 3, 1),
            "filters": (2,),
        },
        {"features": CLIP, "length": LENGTH},
        {"logits": (3, 5), "vector": (3, 4)},
        {"features": [1]},
        {"frame_shape": "height, width, channels", "filters": "whole numbers of 1 or more"},
    ),
    "joint": Case(
        {**SMALL, "num_step_classes": 5, "num_row_classes": 2, "num_features": 2},
        {"features": FEATURES, "length": LENGTH},
        {"step_logits": (3, 4, 5), "row_logits": (3, 2)},
        {"features": [1]},
        {"num_row_classes": "1 or more", "pooling": "last, mean, max, mean_max, attention"},
    ),
    "tagger": Case(
        {
            **SMALL,
            "num_classes": 5,
            "num_row_classes": 2,
            "vocabulary_size": 9,
            "character_vocabulary_size": 9,
            "character_units": 3,
            "character_dim": 2,
            "crf": True,
        },
        {**SEQUENCE, "characters": CHARACTERS},
        {
            "logits": (3, 4, 5),
            "row_logits": (3, 2),
            "tags": (3, 4),
            "score": (3,),
            "chain": (3, 4, 5, 5),
        },
        {"tokens": [1], "characters": [1]},
        {"character_units": "1 or more", "token_dropout": "share", "pooling": "last, mean"},
    ),
    "cloze": Case(
        {**SMALL, "vocabulary_size": 9, "num_layers": 2},
        SEQUENCE,
        {"logits": (3, 4, 9)},
        {"tokens": [1]},
        {"vocabulary_size": "1 or more", "dropout": "share"},
    ),
    "reading_comprehension": Case(
        {**SMALL, "num_answers": 5, "vocabulary_size": 9, "num_hops": 2},
        {
            "story": np.repeat(TOKENS[:, None], 3, axis=1),
            "sentence_length": np.array([[4, 1, 2], [2, 0, 1], [0, 0, 0]], "int32"),
            "story_length": np.array([3, 2, 0], "int32"),
            "question": TOKENS,
            "question_length": LENGTH,
        },
        {"logits": (3, 5), "weights": (3, 2, 3)},
        {"story": [2], "question": [1]},
        {"num_hops": "1 or more", "attention": "additive", "dropout": "share"},
    ),
    "perceptron": Case(
        {"num_features": 2, "num_outputs": 3, "hidden_units": [4]},
        {"features": FEATURES[:, 0]},
        {"logits": (3, 3), "output": (3, 3)},
        {},
        {"activation": "linear, softmax", "num_outputs": "1 or more"},
    ),
    "recurrent_features": Case(
        {**SMALL, "vocabulary_size": 9, "bidirectional": True},
        SEQUENCE,
        {"hidden": (3, 4, 8), "last": (3, 8)},
        {"tokens": [1]},
        {"vocabulary_size": "1 or more", "units": "1 or more"},
    ),
    "one_to_n": Case(
        {**SMALL, "num_features": 2, "vocabulary_size": 7, "injection": "first_step"},
        {"features": FEATURES[:, 0], "target": TARGET},
        {"logits": (3, 3, 7)},
        {},
        {"injection": "first_step, every_step, initial_state", "num_features": "1 or more"},
    ),
    "one_to_n-no_feedback": Case(
        {"units": 4, "num_features": 2, "vocabulary_size": 7, "feedback": False},
        {"features": FEATURES[:, 0], "target_length": SAME_LENGTH},
        {"logits": (3, 4, 7)},
        {},
        {"output_head": "plain, token, maxout"},
    ),
    "one_to_frames": Case(
        {"units": 4, "num_features": 2, "num_outputs": 3, "bidirectional": True},
        {"features": FEATURES[:, 0], "length": LENGTH},
        {"frames": (3, 4, 3)},
        {},
        {"num_outputs": "1 or more", "num_waves": "1 or more", "dropout": "share"},
    ),
    "captioning": Case(
        {
            **SMALL,
            "height": 5,
            "width": STEPS,
            "num_channels": 2,
            "vocabulary_size": 7,
            "filters": (4,),
            "column_cell": "gru",
        },
        {"image": IMAGE, "target": TARGET},
        {"logits": (3, 3, 7)},
        {},
        {"injection": "first_step, every_step, initial_state", "height": "1 or more"},
    ),
    "n_to_m": Case(
        {
            **SMALL,
            "source_vocabulary_size": 9,
            "target_vocabulary_size": 7,
            "context": "transform_all",
            "injection": "both",
            "bidirectional": True,
            "decoder_layers": 2,
            "output_head": "token",
        },
        PAIR,
        {"logits": (3, 3, 7)},
        {"source": [1]},
        {
            "context": "last, transform_last, transform_all",
            "injection": "initial_state, every_step, both",
            "pooling": "mean, max, attention",
            "bridge": "dense, copy",
        },
    ),
    "n_to_m-no_feedback": Case(
        {**SMALL, "source_vocabulary_size": 9, "target_vocabulary_size": 7, "feedback": False},
        {"source": TOKENS, "source_length": LENGTH, "target_length": SAME_LENGTH},
        {"logits": (3, 4, 7)},
        {"source": [1]},
        {"output_head": "plain, token, maxout"},
    ),
    "skip_thought": Case(
        {**SMALL, "vocabulary_size": 9, "tie_embeddings": True},
        {"source": TOKENS, "source_length": LENGTH, "previous": TARGET, "next": TARGET[:, :2]},
        {"previous_logits": (3, 3, 9), "next_logits": (3, 2, 9), "vector": (3, 4)},
        {"source": [1]},
        {"pooling": "last, mean, max, mean_max, attention", "embedding_dim": "1 or more"},
    ),
    "forecast": Case(
        {
            "num_features": 2,
            "window": STEPS,
            "horizon": 5,
            "num_future": 2,
            "units": 4,
            "form": "n_to_m",
            "rows_per_step": 2,
        },
        {"past": FEATURES, "future": FEATURES[:, [0, 1, 2, 3, 0]]},
        {"forecast": (3, 5)},
        {},
        {"form": "n_to_one, n_to_m", "horizon": "1 or more", "rows_per_step": "1 or more"},
    ),
    "grid_rnn": Case(
        {
            "num_channels": 2,
            "num_classes": 3,
            "units": 4,
            "num_layers": 2,
            "patch_size": (2, 1),
            "kernel_size": (3, 3),
            "pooling": "attention",
            "variable_size": True,
        },
        {"image": IMAGE, "height": np.array([5, 2, 0], "int32"), "width": LENGTH},
        {"logits": (3, 3), "features": (3, 3, 4, 8)},
        {"image": [1, 2]},
        {
            "pooling": "mean, max, attention",
            "patch_size": "rows, columns",
            "kernel_size": "rows, columns",
            "units": "1 or more",
        },
    ),
}
# A fast layer's cell everywhere, and one that a plain loop runs where most parts of the others are;
# the rest with -m slow.
CELLS = ("lstm", "tf_gru", "gru", "basic_lstm", "qrnn", "min_gru")
BOTH = ("n_to_n", "n_to_m")


def trials():
    yield pytest.param(("perceptron", None))
    for name, cell in itertools.product(CASES, CELLS):
        if name != "perceptron":
            default = cell == "lstm" or (cell == "tf_gru" and name in BOTH)
            yield pytest.param((name, cell), marks=[] if default else [pytest.mark.slow])


def build(name, cell=None, **settings):
    keras.utils.set_random_seed(1)
    cell = {"cell": cell} if cell else {}
    return zoo.build(name.partition("-")[0], **{**CASES[name].settings, **cell, **settings})


def arrays(outputs):
    return {name: np.asarray(value) for name, value in outputs.items()}


@pytest.fixture(scope="module", params=list(trials()), ids=lambda t: "-".join(filter(None, t)))
def trial(request):
    name, cell = request.param
    model = build(name, cell)
    return CASES[name], model, arrays(model(CASES[name].batch))


def test_every_builder_has_a_case():
    assert {name.partition("-")[0] for name in CASES} == set(zoo.list_models())


def test_outputs_are_the_documented_ones(trial):
    case, model, outputs = trial
    assert {name: value.shape for name, value in outputs.items()} == case.shapes
    assert set(model.input) == set(case.batch)
    assert {name: value.shape[1:] for name, value in outputs.items()} == {
        name: tuple(
            case.shapes[name][axis] if size is None else size
            for axis, size in enumerate(value.shape)
        )[1:]
        for name, value in model.output.items()
    }
    for value in outputs.values():
        assert np.all(np.isfinite(value))


def test_more_padding_and_other_rows_change_nothing(trial):
    case, model, outputs = trial
    more = {
        name: np.pad(value, [(0, 2 * (a in case.padded.get(name, []))) for a in range(value.ndim)])
        for name, value in case.batch.items()
    }
    # What stands in the padding is not read: it is a token, or a number, like any other.
    for name, axes in case.padded.items():
        for axis in axes:
            np.moveaxis(more[name], axis, 0)[case.batch[name].shape[axis] :] = 5
    found = arrays(model(more))
    alone = arrays(model({name: value[1:2] for name, value in case.batch.items()}))
    for name, value in outputs.items():
        cropped = found[name][tuple(slice(size) for size in value.shape)]
        np.testing.assert_allclose(value, cropped, atol=1e-5, err_msg=name)
        # As long as the longest row: alone, a row that asks for less has no more than that.
        own = np.pad(
            alone[name],
            [(0, b - a) for a, b in zip(alone[name].shape, value[1:2].shape, strict=True)],
        )
        np.testing.assert_allclose(value[1:2], own, atol=1e-5, err_msg=name)


def test_every_weight_has_a_gradient(trial):
    case, model, _ = trial
    with tf.GradientTape() as tape:
        outputs = model(case.batch, training=True)
        random = np.random.default_rng(5)
        loss = tf.add_n(
            [
                tf.reduce_sum(value * random.normal(size=value.shape).astype("float32"))
                for value in outputs.values()
                if value.dtype.is_floating
            ]
        )
    weights = model.trainable_variables
    gradients = tape.gradient(loss, [weight.value for weight in weights])
    for weight, gradient in zip(weights, gradients, strict=True):
        assert gradient is not None, weight.path
        gradient = np.asarray(tf.convert_to_tensor(gradient))
        assert np.all(np.isfinite(gradient)), weight.path
        assert np.any(gradient), weight.path


def test_saved_and_loaded(trial, tmp_path):
    case, model, outputs = trial
    model.save(tmp_path / "model.keras")
    loaded = arrays(keras.models.load_model(tmp_path / "model.keras")(case.batch))
    for name, value in outputs.items():
        np.testing.assert_allclose(value, loaded[name], atol=1e-6, err_msg=name)


_LOAD = """
import sys, pathlib, numpy as np, tensorflow as tf
for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    given = dict(np.load(folder / "given.npz"))
    wanted = dict(np.load(folder / "wanted.npz"))
    found = tf.saved_model.load(str(folder / "1")).signatures["serving_default"](
        **{name: tf.constant(value) for name, value in given.items()})
    assert set(found) == set(wanted), folder.name
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, atol=1e-5, err_msg=f"{folder.name} {name}")
assert not [name for name in sys.modules if name.startswith("zoo")]
print("ALL", len(list(pathlib.Path(sys.argv[1]).iterdir())))
"""


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["n_to_n", "n_to_one", "attention_n_to_m"], id="some"),
        pytest.param(list(CASES), id="all", marks=pytest.mark.slow),
    ],
)
def test_exported_and_loaded_in_a_bare_process(tmp_path, names):
    for name in names:
        case, model = CASES[name], build(name)
        specs = {
            key: tf.TensorSpec(value.shape, value.dtype, key) for key, value in model.input.items()
        }
        module = tf.Module()
        module.weights = [variable.value for variable in model.variables]
        module.serve = tf.function(functools.partial(model, training=False), [specs])
        folder = tmp_path / name
        tf.saved_model.save(module, str(folder / "1"), signatures=module.serve)
        np.savez(folder / "given.npz", **case.batch)
        np.savez(folder / "wanted.npz", **arrays(model(case.batch)))
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, str(tmp_path)], capture_output=True, text=True, cwd="/"
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert f"ALL {len(names)}" in done.stdout


REFUSED = [(n, s, m) for n, case in CASES.items() for s, m in case.refused.items()]


@pytest.mark.parametrize(("name", "setting", "message"), REFUSED)
def test_bad_settings_are_refused_with_what_is_allowed(name, setting, message):
    bad = "nothing" if isinstance(CASES[name].settings.get(setting, ""), str) else 0
    with pytest.raises(InputError, match=message) as caught:
        build(name, **{setting: bad})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [name for name in CASES if name != "perceptron"])
def test_an_unknown_cell_is_refused_with_the_near_one(name):
    with pytest.raises(InputError, match="did you mean 'lstm'"):
        build(name, cell="lstn")


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("name", CASES)
def test_mixed_precision_gives_nearly_the_same(name, policy):
    outputs = arrays(build(name)(CASES[name].batch))
    keras.config.set_dtype_policy(policy)
    try:
        mixed = build(name)(CASES[name].batch)
    finally:
        keras.config.set_dtype_policy("float32")
    for key, value in outputs.items():
        if key != "tags":
            found = np.asarray(tf.cast(mixed[key], tf.float32))
            np.testing.assert_allclose(found, value, atol=0.05, err_msg=key)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_one_step_of_an_optimiser_changes_every_weight(name):
    model, case = build(name), CASES[name]
    before = [weight.numpy().copy() for weight in model.trainable_variables]
    outputs = {
        key: np.random.default_rng(7).normal(size=shape).astype("float32")
        for key, shape in case.shapes.items()
        if key != "tags"
    }
    losses = dict.fromkeys(outputs, "mean_squared_error")
    model.compile(keras.optimizers.Adam(0.01), loss=losses, jit_compile=False)
    model.train_on_batch(case.batch, outputs)
    for weight, old in zip(model.trainable_variables, before, strict=True):
        assert np.any(weight.numpy() != old), weight.path


# XLA runs every builder, training included (docs/topologies.md); one of them in the default run.
XLA = [pytest.param(n, marks=[] if n == "n_to_one" else [pytest.mark.slow]) for n in CASES]


@pytest.mark.parametrize("name", XLA)
def test_compiled_by_xla_gives_the_same(name):
    model, case = build(name), CASES[name]
    compiled = tf.function(model, jit_compile=True, autograph=False)
    found = compiled({key: tf.constant(value) for key, value in case.batch.items()})
    for key, value in arrays(model(case.batch)).items():
        np.testing.assert_allclose(found[key], value, atol=1e-5, err_msg=key)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_compiled_by_xla_trains_the_same(name):
    case, losses = CASES[name], {}
    for compiled in (False, True):
        model = build(name)
        outputs = {
            key: np.random.default_rng(7).normal(size=shape).astype("float32")
            for key, shape in case.shapes.items()
            if key != "tags"
        }
        model.compile(
            keras.optimizers.SGD(0.1),
            loss=dict.fromkeys(outputs, "mean_squared_error"),
            jit_compile=compiled,
        )
        steps = [model.train_on_batch(case.batch, outputs, return_dict=True) for _ in range(2)]
        losses[compiled] = [step["loss"] for step in steps]
    np.testing.assert_allclose(losses[True], losses[False], rtol=1e-4)
    assert losses[True][1] != losses[True][0]


# A sequence of these models is checked against its lengths; see also test_checked_length.py.
CHECKED = [
    *("n_to_n", "n_to_one", "joint", "tagger", "cloze", "recurrent_features", "grid_rnn"),
    *("attention_n_to_m", "n_to_m", "skip_thought"),
]


@pytest.mark.parametrize("name", CHECKED)
def test_a_length_past_the_end_is_refused(name):
    model, case = build(name), CASES[name]
    key = next(key for key in ("length", "source_length", "width") if key in case.batch)
    wrong = {**case.batch, key: case.batch[key] + 1}
    with pytest.raises(InputError, match="5 in row 0; expected a length from 0 to 4"):
        model(wrong)


TOGETHER = [
    ("attention_n_to_m", {"attention": "additiv"}, "did you mean 'additive'"),
    ("attention_n_to_m", {"query": "next"}, "current, previous"),
    ("attention_n_to_m", {"bridge": "copy"}, "use 'dense'"),
    ("attention_n_to_m", {"decoder_layers": 2}, "expected at least as many"),
    ("n_to_m", {"bridge": "copy"}, "goes with context 'last'"),
    ("n_to_m", {"bridge": "copy", "context": "last", "decoder_layers": 1}, "use 'dense'"),
    ("n_to_n", {"vocabulary_size": None}, "give vocabulary_size"),
    ("grid_rnn", {"patch_size": (2,)}, "rows, columns"),
]


@pytest.mark.parametrize(("name", "settings", "message"), TOGETHER)
def test_settings_that_do_not_go_together_are_refused(name, settings, message):
    with pytest.raises(InputError, match=message) as caught:
        build(name, **settings)
    assert "\n" not in str(caught.value)
