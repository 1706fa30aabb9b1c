"""Runs TensorFlow's own legacy cells and saves what they compute; a process of its own.

Usage: python legacy_cells_process.py FOLDER, with TF_USE_LEGACY_KERAS=1. It writes a TensorFlow 1
checkpoint for each case, one `numbers.npz`, and `signatures.json`, the positional order of the
arguments of cells and functions. It knows nothing of the zoo.
"""

import inspect
import json
import pathlib
import sys

import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
legacy = tf1.nn.rnn_cell
BATCH, TIME, FEATURES = 4, 6, 3
LENGTHS = np.array([0, 1, 4, TIME])

tf1.disable_eager_execution()

CELLS = {
    "basic_rnn": lambda: legacy.BasicRNNCell(5),
    "basic_rnn_relu": lambda: legacy.BasicRNNCell(5, activation=tf.nn.relu),
    "gru": lambda: legacy.GRUCell(5),
    "basic_lstm": lambda: legacy.BasicLSTMCell(5),
    "basic_lstm_forget": lambda: legacy.BasicLSTMCell(5, forget_bias=0.25),
    "basic_lstm_joined": lambda: legacy.BasicLSTMCell(5, state_is_tuple=False),
    "lstm": lambda: legacy.LSTMCell(5),
    "lstm_peepholes": lambda: legacy.LSTMCell(5, use_peepholes=True),
    "lstm_projection": lambda: legacy.LSTMCell(5, num_proj=2),
    "lstm_clipping": lambda: legacy.LSTMCell(5, cell_clip=0.3),
    "lstm_everything": lambda: legacy.LSTMCell(
        5, use_peepholes=True, cell_clip=0.5, num_proj=2, proj_clip=0.2
    ),
    "lstm_joined": lambda: legacy.LSTMCell(5, num_proj=2, state_is_tuple=False),
    "stack": lambda: legacy.MultiRNNCell([legacy.BasicLSTMCell(n) for n in (5, 4, 2)]),
    "mixed_stack": lambda: legacy.MultiRNNCell(
        [
            legacy.GRUCell(4),
            legacy.ResidualWrapper(legacy.LSTMCell(4, use_peepholes=True)),
            legacy.BasicRNNCell(2),
        ]
    ),
    "joined_stack": lambda: legacy.MultiRNNCell(
        [legacy.GRUCell(4), legacy.BasicRNNCell(2)], state_is_tuple=False
    ),
}


def run(case, folder, numbers, build):
    """Builds a graph, gives its variables random values, and saves all that it computes."""
    seed = sum(map(ord, case))
    random = np.random.RandomState(seed)

    def normal(*shape):
        return random.normal(size=shape).astype("float32")

    with tf1.Graph().as_default(), tf1.Session() as session:
        inputs = tf.constant(normal(BATCH, TIME, FEATURES))
        results = {"inputs": inputs, **build(inputs, normal)}
        variables = tf1.global_variables()
        weight = tf.constant(normal(*results["outputs/0"].shape[1:]))
        loss = tf.add_n(
            [tf.reduce_sum(results["outputs/0"] * weight)]
            + [tf.reduce_sum(value**2) for name, value in results.items() if "state/" in name]
        )
        gradients = tf.gradients(loss, [inputs, *variables])
        results["weight"] = weight
        names = ["inputs"] + [variable.op.name for variable in variables]
        for name, gradient in zip(names, gradients, strict=True):
            results[f"gradient/{name}"] = gradient
        for variable in variables:
            variable.load(0.5 * normal(*variable.shape), session)
        for name, value in session.run(results).items():
            numbers[f"{case}/{name}"] = value
        tf1.train.Saver(variables).save(session, str(folder / case / "model.ckpt"))


def random_state(cell, normal):
    return tf.nest.map_structure(lambda size: tf.constant(normal(BATCH, size)), cell.state_size)


def named(kind, structure):
    return {f"{kind}/{i}": value for i, value in enumerate(tf.nest.flatten(structure))}


def one_direction(make, lengths):
    def build(inputs, normal):
        cell = make()
        initial = random_state(cell, normal)
        outputs, state = tf1.nn.dynamic_rnn(cell, inputs, lengths, initial)
        return {**named("initial", initial), **named("outputs", outputs), **named("state", state)}

    return build


def one_step(inputs, normal):
    cell = legacy.BasicLSTMCell(5)
    initial = random_state(cell, normal)
    output, state = cell(inputs[:, 0], initial)
    return {**named("initial", initial), **named("outputs", output), **named("state", state)}


def both_directions(inputs, normal):
    forward, backward = legacy.BasicLSTMCell(5), legacy.GRUCell(4)
    initial = random_state(forward, normal), random_state(backward, normal)
    outputs, states = tf1.nn.bidirectional_dynamic_rnn(forward, backward, inputs, LENGTHS, *initial)
    return {**named("initial", initial), **named("outputs", outputs), **named("state", states)}


def time_major(inputs, normal):
    cell = legacy.GRUCell(5)
    outputs, state = tf1.nn.dynamic_rnn(
        cell, tf.transpose(inputs, [1, 0, 2]), LENGTHS, dtype=tf.float32, time_major=True
    )
    return {**named("outputs", tf.transpose(outputs, [1, 0, 2])), **named("state", state)}


def signatures():
    """The names of the arguments that TensorFlow takes by position, without `self`."""
    functions = {
        **{name: getattr(legacy, name).__init__ for name in dir(legacy) if name[0].isupper()},
        "zero_state": legacy.RNNCell.zero_state,
        "dynamic_rnn": tf1.nn.dynamic_rnn,
        "bidirectional_dynamic_rnn": tf1.nn.bidirectional_dynamic_rnn,
    }
    return {
        name: [
            parameter.name
            for parameter in inspect.signature(function).parameters.values()
            if parameter.kind == parameter.POSITIONAL_OR_KEYWORD and parameter.name != "self"
        ]
        for name, function in functions.items()
    }


def main(folder):
    (folder / "signatures.json").write_text(json.dumps(signatures()))
    numbers = {"lengths": LENGTHS}
    for case, make in CELLS.items():
        run(case, folder, numbers, one_direction(make, LENGTHS))
    for case in ("basic_lstm", "gru"):
        run(f"{case}_full", folder, numbers, one_direction(CELLS[case], None))
    run("one_step", folder, numbers, one_step)
    run("bidirectional", folder, numbers, both_directions)
    run("time_major", folder, numbers, time_major)
    np.savez(folder / "numbers.npz", **numbers)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
