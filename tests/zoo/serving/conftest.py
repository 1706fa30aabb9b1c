"""Small saved models and a running server, made once for all serving tests."""

import socket
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from zoo.serving import Server, export_saved_model

LENGTH_PENALTY = tf.constant([0.5])
MAX_LENGTH = tf.constant([4])
FACTOR = tf.constant(2.0)


class Gain(tf.Module):
    """y = gain * x by rows: each version has a gain of its own."""

    def __init__(self, gain: float):
        super().__init__()
        self.gain = tf.Variable(gain)

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
    def serve(self, x):
        return {"y": self.gain * x}


class Lexicon(tf.Module):
    """Strings in and out with a lookup table, ids with lengths, settings with defaults."""

    words = ("", "photo", "graph", "naïve", "猫")

    def __init__(self):
        super().__init__()
        self.gain = tf.Variable(1.0)
        keys = tf.constant(self.words)
        values = tf.range(len(self.words), dtype=tf.int64)
        self.table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(keys, values), default_value=-1
        )

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="word"),
            tf.TensorSpec([None], tf.float32, name="length_penalty"),
            tf.TensorSpec([None], tf.int32, name="max_length"),
        ]
    )
    def serve(self, word, length_penalty=LENGTH_PENALTY, max_length=MAX_LENGTH):
        length = tf.strings.length(word, unit="UTF8_CHAR")
        cut = tf.minimum(length, max_length)
        return {
            "cut": tf.strings.substr(word, tf.zeros_like(cut), cut, unit="UTF8_CHAR"),
            "index": self.table.lookup(word),
            "score": self.gain * tf.cast(length, tf.float32) * length_penalty,
            "raw_bytes": tf.strings.join([word, tf.fill(tf.shape(word), b"\xff")]),
        }

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.int32, name="ids"),
            tf.TensorSpec([None], tf.int32, name="lengths"),
        ]
    )
    def from_ids(self, ids, lengths):
        mask = tf.sequence_mask(lengths, tf.shape(ids)[1], dtype=tf.float32)
        return {"total": self.gain * tf.reduce_sum(tf.cast(ids, tf.float32) * mask, axis=1)}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 2], tf.float32, name="x"),
            tf.TensorSpec([], tf.float32, name="factor"),
        ]
    )
    def scaled(self, x, factor=FACTOR):
        with tf.control_dependencies([tf.debugging.assert_none_equal(x, 666.0, message="refused")]):
            return {"y": self.gain * x * factor}

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32, name="x")])
    def scalar(self, x):
        return {"y": self.gain * x}


class Stepper(tf.Module):
    """One step of a recurrence: a character and a state in, the next character and state out."""

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="character"),
            tf.TensorSpec([None, 2], tf.float32, name="state"),
        ]
    )
    def serve(self, character, state):
        code = tf.strings.unicode_decode(character, "UTF-8").to_tensor(shape=[None, 1])[:, 0]
        total = state[:, 0] * 0.5 + tf.cast(code, tf.float32)
        following = tf.strings.unicode_encode(
            tf.RaggedTensor.from_tensor(code[:, tf.newaxis] + 1), "UTF-8"
        )
        return {
            "character": following,
            "state": tf.stack([total, state[:, 1] + 1.0], axis=1),
        }


class Judge(tf.Module):
    """tf.Example in, classes and scores or a value out."""

    @staticmethod
    def _length(inputs):
        parsed = tf.io.parse_example(inputs, {"text": tf.io.FixedLenFeature([], tf.string, "")})
        return tf.cast(tf.strings.length(parsed["text"]), tf.float32)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def classify(self, inputs):
        length = self._length(inputs)
        scores = tf.stack([length, 10.0 - length], axis=1)
        labels = tf.tile(tf.constant([["long", "short"]]), [tf.shape(inputs)[0], 1])
        return {"classes": labels, "scores": scores}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def regress(self, inputs):
        return {"outputs": self._length(inputs)[:, tf.newaxis]}


def _export_lexicon(folder: Path) -> Path:
    module = Lexicon()
    signatures = {
        "serving_default": module.serve,
        "ids": module.from_ids,
        "scaled": module.scaled,
        "scalar": module.scalar,
    }
    requests = [
        ("serving_default", {"word": np.array(["photo", "dog"])}),
        ("ids", {"ids": np.ones([2, 3], np.int32), "lengths": np.array([3, 1], np.int32)}),
    ]
    return export_saved_model(
        module, signatures, folder, warmup=requests, model_name="lexicon", allow_defaults=True
    )


@pytest.fixture(scope="session")
def export_gain():
    """Exports y = gain * x to (folder, gain) as the next version."""

    def export(folder: Path, gain: float) -> Path:
        module = Gain(gain)
        return export_saved_model(
            module, {"serving_default": module.serve}, folder, model_name="gain"
        )

    return export


@pytest.fixture(scope="session")
def model_base(tmp_path_factory) -> Path:
    """A folder of three models as `saved_models/` has them: other files beside the versions."""
    base = tmp_path_factory.mktemp("saved_models")
    _export_lexicon(base / "lexicon")
    (base / "lexicon" / "README.md").write_text("# a card\n")
    stepper = Stepper()
    export_saved_model(
        stepper, {"serving_default": stepper.serve}, base / "stepper", 7, model_name="stepper"
    )
    judge = Judge()
    export_saved_model(
        judge,
        {"serving_default": judge.classify, "length": judge.regress},
        base / "judge",
        model_name="judge",
        methods={"serving_default": "classify", "length": "regress"},
    )
    (base / "notes").mkdir()
    return base


@pytest.fixture(scope="session")
def server(model_base):
    """A server of the three models on free ports."""
    with Server(model_base, rest_port=0, grpc_port=0, poll_seconds=0) as running:
        yield running


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
