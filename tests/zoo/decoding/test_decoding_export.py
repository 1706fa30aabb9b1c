"""Every strategy in one SavedModel, loaded by a process that imports nothing but TensorFlow."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from zoo.decoding import beam_search, greedy_search, sample, stream_step

BARE = """
import json, sys
import tensorflow as tf

assert not [name for name in sys.modules if name == "zoo" or name.startswith("zoo.")]
model = tf.saved_model.load(sys.argv[1])
requests = json.load(open(sys.argv[2]))
answers = {}
for name, inputs in requests.items():
    signature = model.signatures[name]
    dtypes = {key: spec.dtype for key, spec in signature.structured_input_signature[1].items()}
    outputs = signature(**{key: tf.constant(inputs[key], dtypes[key]) for key in inputs})
    answers[name] = {key: value.numpy().tolist() for key, value in outputs.items()}
    ops = {node.op for node in signature.graph.as_graph_def().node}
    for function in signature.graph.as_graph_def().library.function:
        ops |= {node.op for node in function.node_def}
    answers[name]["ops"] = sorted(ops)
print(json.dumps(answers))
"""


def bag(decoded):
    return {
        "tokens": decoded.tokens,
        "lengths": decoded.lengths,
        "scores": decoded.scores,
        "finished": decoded.finished,
        "alignment": decoded.record,
    }


class Exported(tf.Module):
    """Signatures whose decode settings are inputs."""

    def __init__(self, network):
        super().__init__()
        self.step = network.step
        self.fixed = {"start_id": 0, "stop_id": 5}

    def parts(self, memory):
        rows = tf.shape(memory)[0]
        state = {"h": tf.zeros([rows, 5]), "alignment": tf.zeros([rows, 4])}
        return self.step, state, (memory,)

    @tf.function
    def greedy(self, memory, max_length):
        return bag(
            greedy_search(
                *self.parts(memory), **self.fixed, max_length=max_length,
                record=lambda state: state["alignment"],
            )
        )  # fmt: skip

    @tf.function
    def sample(self, memory, max_length, temperature, seed):
        return bag(
            sample(
                *self.parts(memory), **self.fixed, max_length=max_length, seed=seed,
                temperature=temperature, top_k=5, record=lambda state: state["alignment"],
            )
        )  # fmt: skip

    @tf.function
    def beam(self, memory, max_length, length_penalty):
        return bag(
            beam_search(
                *self.parts(memory), **self.fixed, max_length=max_length, beam_width=3,
                length_penalty=length_penalty, coverage_penalty=0.1, no_repeat_ngram=2,
                record=lambda state: state["alignment"],
            )
        )  # fmt: skip

    @tf.function
    def stream(self, memory, hidden, tokens, seed, index, temperature):
        state = {"h": hidden, "alignment": tf.zeros([tf.shape(hidden)[0], 4])}
        streamed = stream_step(
            self.step, tokens, state, (memory,), index=index, seed=seed, temperature=temperature
        )
        return {"tokens": streamed.tokens, "hidden": streamed.state["h"]}

    def signatures(self):
        memory = tf.TensorSpec([None, 5], name="memory")
        hidden = tf.TensorSpec([None, 5], name="hidden")
        lengths = tf.TensorSpec([None], tf.int32, "max_length")
        length = tf.TensorSpec([], tf.int32, "max_length")
        number = lambda name: tf.TensorSpec([], name=name)  # noqa: E731
        seed = tf.TensorSpec([2], tf.int32, "seed")
        seeds = tf.TensorSpec([None, 2], tf.int32, "seed")
        ids = lambda name: tf.TensorSpec([None], tf.int32, name)  # noqa: E731
        return {
            "greedy": self.greedy.get_concrete_function(memory, length),
            "sample": self.sample.get_concrete_function(
                memory, length, number("temperature"), seed
            ),
            "beam": self.beam.get_concrete_function(memory, lengths, number("length_penalty")),
            "stream": self.stream.get_concrete_function(
                memory, hidden, ids("tokens"), seeds, ids("index"), number("temperature")
            ),
        }


@pytest.fixture
def answers(tiny, tmp_path):
    """The same requests to the model here, in eager mode, and to the bare process."""
    network = tiny.Network(91, num_tokens=6, batch=3)
    model = Exported(network)
    tf.saved_model.save(model, str(tmp_path / "model"), signatures=model.signatures())
    memory = network.memory.tolist()
    requests = {
        "greedy": {"memory": memory, "max_length": 7},
        "sample": {"memory": memory, "max_length": 7, "temperature": 0.8, "seed": [3, 4]},
        "beam": {"memory": memory, "max_length": [7, 2, 5], "length_penalty": 0.7},
        "stream": {
            "memory": memory, "hidden": network.initial.tolist(), "tokens": [0, 1, 2],
            "seed": [[1, 1], [2, 2], [3, 3]], "index": [0, 4, 9], "temperature": 1.5,
        },
    }  # fmt: skip
    (tmp_path / "requests.json").write_text(json.dumps(requests))
    command = [sys.executable, "-c", BARE, tmp_path / "model", tmp_path / "requests.json"]
    bare = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert bare.returncode == 0, bare.stderr[-2000:]
    tf.config.run_functions_eagerly(True)
    try:
        here = {
            name: getattr(model, name)(
                **{key: tf.constant(value) for key, value in request.items()}
            )
            for name, request in requests.items()
        }
    finally:
        tf.config.run_functions_eagerly(False)
    return here, json.loads(bare.stdout)


def test_a_bare_process_gives_the_same(answers):
    here, there = answers
    for name, outputs in here.items():
        ops = there[name].pop("ops")
        assert set(there[name]) == set(outputs)
        for key, value in outputs.items():
            np.testing.assert_allclose(there[name][key], value, rtol=1e-4, atol=1e-5)
        assert not [op for op in ops if "Cudnn" in op or "GatherTree" in op or "PyFunc" in op]
        assert name == "stream" or {"While", "StatelessWhile"} & set(ops)
    assert len(here["beam"]["tokens"][0]) == 3
