"""Signatures that take what a person has, and the same graph with its settings as inputs."""

import numpy as np
import pytest
import tensorflow as tf

from zoo.signature_names import taking
from zoo.signatures.signature_module import Setting, SignatureModule, unknown_share


class Repeated(SignatureModule):
    """Says a text several times; a count and a mark are settings."""

    def __init__(self):
        super().__init__("repeated", [])
        settings = [
            Setting("count", 2, tf.int32, 0, 4),
            Setting("mark", "!", tf.string),
            Setting("state", 0.5, tf.float32, shape=(3,)),
        ]
        text = tf.TensorSpec([None], tf.string, name="text")
        self.add("serving_default", self._say, [text], settings)
        self.add("next", self._say, [text], settings, required=("state",))

    def _say(self, text, count, mark, state):
        most = tf.reduce_max(count)
        said = tf.where(tf.range(most)[None] < count[:, None], text[:, None], "")
        return {"text": tf.strings.join([tf.strings.reduce_join(said, 1), mark]), "state": state}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("repeated") / "1")
    module = Repeated()
    tf.saved_model.save(module, folder, signatures=module.signatures)
    return tf.saved_model.load(folder).signatures


def inputs_of(signature):
    return set(signature.structured_input_signature[1])


def test_the_default_signature_takes_what_a_person_has_alone(served):
    assert inputs_of(served["serving_default"]) == {"text"}
    assert inputs_of(served["with_settings"]) == {"text", "count", "mark", "state"}
    assert inputs_of(served["next"]) == {"text", "state"}
    assert inputs_of(served["next_with_settings"]) == {"text", "count", "mark", "state"}


def test_defaults_hold_and_settings_count_for_one_row_or_for_all(served):
    texts = tf.constant(["a", "b"])
    assert served["serving_default"](text=texts)["text"].numpy().tolist() == [b"aa!", b"bb!"]
    given = {"mark": tf.constant(["."]), "state": tf.zeros([1, 3])}
    said = served["with_settings"](text=texts, count=tf.constant([1, 3]), **given)
    assert said["text"].numpy().tolist() == [b"a.", b"bbb."]
    assert said["state"].shape == (2, 3)


@pytest.mark.parametrize(("asked", "said"), [(-5, b"."), (10**9, b"aaaa.")])
def test_what_lies_beyond_a_bound_is_taken_as_the_bound(served, asked, said):
    given = {"mark": tf.constant(["."]), "state": tf.zeros([1, 3])}
    answer = served["with_settings"](text=tf.constant(["a"]), count=tf.constant([asked]), **given)
    assert answer["text"].numpy().tolist() == [said]


def test_settings_of_another_number_of_rows_are_refused(served):
    given = {"mark": tf.constant(["."]), "state": tf.zeros([1, 3])}
    with pytest.raises(tf.errors.InvalidArgumentError):
        served["with_settings"](text=tf.constant(["a", "b"]), count=tf.constant([1, 2, 3]), **given)


def test_the_signature_is_found_by_what_is_given():
    inputs = {
        "serving_default": ["wav"],
        "with_settings": ["wav", "max_length"],
        "waveform": ["waveform", "length"],
        "waveform_with_settings": ["waveform", "length", "sample_rate", "max_length"],
    }
    assert taking("serving_default", ["wav"], inputs) == "serving_default"
    assert taking("serving_default", ["wav", "max_length"], inputs) == "with_settings"
    assert taking("serving_default", ["waveform", "length"], inputs) == "waveform"
    assert taking("waveform", ["waveform", "sample_rate"], inputs) == "waveform_with_settings"
    # What nothing takes is refused by the signature that knows the most names.
    assert taking("waveform", ["wav"], inputs) == "waveform"
    assert taking("serving_default", ["wave"], inputs) == "with_settings"
    assert taking("greedy", ["wave"], inputs) == "greedy"


def test_share_of_unknown_tokens():
    ids = tf.ragged.constant([[1, 1, 7, 8], [], [9]], dtype=tf.int32)
    np.testing.assert_allclose(unknown_share(ids), [0.5, 0.0, 0.0])
