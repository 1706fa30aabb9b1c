"""Every builder learns sixteen rows by heart: what it is made of can be trained together."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo

ROWS, STEPS, TARGETS, TOKENS = 16, 4, 3, 40
# Those that train in a few seconds; the others with -m slow.
FAST = ("perceptron", "n_to_one", "n_to_n", "one_to_n")
SMALL = {"units": 24, "embedding_dim": 8}
SOURCE = {**SMALL, "source_vocabulary_size": TOKENS, "target_vocabulary_size": TOKENS}
SETTINGS = {
    "attention_n_to_m": SOURCE,
    "captioning": {
        **SMALL,
        "height": 8,
        "width": 8,
        "vocabulary_size": TOKENS,
        "filters": (8,),
    },
    "cloze": {"units": 24, "embedding_dim": 24, "vocabulary_size": TOKENS},
    "forecast": {"num_features": 2, "window": STEPS, "horizon": TARGETS, "units": 24},
    "grid_rnn": {"num_channels": 2, "num_classes": 5, "units": 16, "pooling": "attention"},
    "joint": {**SMALL, "num_step_classes": 5, "num_row_classes": 3, "vocabulary_size": TOKENS},
    "n_to_m": {**SOURCE, "context": "transform_all", "injection": "both"},
    "n_to_n": {**SMALL, "num_classes": 5, "num_features": 2},
    "n_to_one": {**SMALL, "num_classes": 5, "vocabulary_size": TOKENS},
    "one_to_frames": {"num_features": 6, "num_outputs": 3, "units": 24},
    "one_to_n": {**SMALL, "num_features": 6, "vocabulary_size": TOKENS},
    "perceptron": {"num_features": 6, "num_outputs": 3, "hidden_units": [32]},
    "reading_comprehension": {**SMALL, "num_answers": 5, "vocabulary_size": TOKENS},
    "recurrent_features": {**SMALL, "vocabulary_size": TOKENS},
    "skip_thought": {**SMALL, "vocabulary_size": TOKENS},
    "tagger": {
        **SMALL,
        "num_classes": 5,
        "vocabulary_size": TOKENS,
        "character_vocabulary_size": TOKENS,
        "num_row_classes": 3,
    },
}


def given(model, random):
    """A batch for any model: of tokens no two rows have the same at one place."""
    batch = {}
    for name, tensor in model.input.items():
        shape = [ROWS if not axis else size for axis, size in enumerate(tensor.shape)]
        free = {1: TARGETS if name in ("target", "previous", "next") else STEPS, 2: STEPS}
        shape = [free[axis] if size is None else size for axis, size in enumerate(shape)]
        if "length" in name:
            batch[name] = np.full(shape, STEPS, "int32")
        elif tensor.dtype == "int32":
            places = np.prod(shape[1:], dtype=int)
            columns = [random.permutation(TOKENS - 4)[:ROWS] + 4 for _ in range(places)]
            batch[name] = np.stack(columns, 1).reshape(shape).astype("int32")
        else:
            batch[name] = random.normal(size=shape).astype("float32")
    return {name: tf.constant(value) for name, value in batch.items()}


def aims(outputs, random):
    """Classes for logits, numbers for what is no logits; nothing for other outputs."""
    made = {}
    for name, value in outputs.items():
        if "logits" in name:
            made[name] = random.integers(0, value.shape[-1], value.shape[:-1])
        elif name in ("forecast", "frames", "last"):
            made[name] = random.uniform(-0.7, 0.7, value.shape).astype("float32")
    return made


def losses(aim, value):
    if aim.dtype.kind == "f":
        return 10 * tf.reduce_mean((value - aim) ** 2)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(aim, value))


def test_every_builder_is_tried():
    assert set(SETTINGS) == set(zoo.list_models())


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[] if n in FAST else [pytest.mark.slow]) for n in SETTINGS],
)
def test_sixteen_rows_are_learnt_by_heart(name):
    keras.utils.set_random_seed(3)
    random = np.random.default_rng(3)
    model = zoo.build(name, **SETTINGS[name])
    batch = given(model, random)
    aim = aims(model(batch), random)
    assert aim
    optimizer = keras.optimizers.Adam(0.02)
    optimizer.build(model.trainable_variables)

    # The batch is an argument: constants in a graph are folded by TensorFlow into other sums.
    @tf.function
    def train(batch):
        with tf.GradientTape() as tape:
            outputs = model(batch, training=True)
            loss = tf.add_n([losses(value, outputs[key]) for key, value in aim.items()])
        variables = [variable.value for variable in model.trainable_variables]
        optimizer.apply(tape.gradient(loss, variables), model.trainable_variables)
        return loss

    for _ in range(400):
        if float(train(batch)) < 0.03:
            break
    outputs = model(batch)
    for key, value in aim.items():
        if value.dtype.kind == "f":
            assert np.mean(np.abs(outputs[key] - value)) < 0.08, key
        else:
            assert np.mean(np.argmax(outputs[key], -1) == value) == 1.0, key
