"""The page for people who come from TensorFlow 1: every line of it runs and prints what it says."""

import contextlib
import io
import re
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo.tensorflow_1 as tf1
from zoo import cells
from zoo.errors import InputError

PAGE = Path(__file__).parents[1] / "docs" / "from_tensorflow_1.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
OLD_IMPORT = re.compile("^import tensorflow as tf$", re.MULTILINE)


def test_the_page_has_old_code_and_new():
    old = [block for block in BLOCKS if OLD_IMPORT.search(block)]
    assert len(old) == 6
    assert len(BLOCKS) == 2 * len(old) + 3


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_a_block_prints_what_stands_beside(block):
    # Word for word but for the import line.
    code = OLD_IMPORT.sub("import zoo.tensorflow_1 as tf", block)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, str(PAGE), "exec"), {})
    expected = re.findall(r"print\(.*\)  # (.*)", block)
    lines = printed.getvalue().splitlines()
    assert len(lines) == len(expected)
    for line, comment in zip(lines, expected, strict=True):
        for part in re.findall(r"(?:shape=)?\([\d, None]+\)|\w[\w ]*", comment):
            assert part in line
        shapes = re.findall(r"\([\d, None]+\)", comment)
        assert not shapes or len(re.findall(r"\([\d, None]+\)", line)) == len(shapes)


# The lines of TensorFlow's own source that the documents quote, with what they name around them.
RNN_CALL = """
def call(self, inputs, state):
    output = self._activation(_linear([inputs, state], self._num_units, True))
    return output, output
"""
LSTM_CALL = """
new_c = (
    c * sigmoid(f + self._forget_bias) + sigmoid(i) * self._activation(j))
new_h = self._activation(new_c) * sigmoid(o)

if self._state_is_tuple:
  new_state = LSTMStateTuple(new_c, new_h)
else:
  new_state = array_ops.concat([new_c, new_h], 1)
"""


class Quoted:
    """What `self` has in TensorFlow's source."""

    _activation = staticmethod(np.tanh)
    _forget_bias = 1.0
    _num_units = 4

    def __init__(self, state_is_tuple=True):
        self._state_is_tuple = state_is_tuple


def test_the_quoted_call_of_the_plain_cell_gives_its_numbers():
    random = np.random.default_rng(0)
    cell = cells.BasicRNNCell(4)
    x, h = (random.normal(size=(2, n)).astype("float32") for n in (3, 4))
    output, state = cell.call(x, h)

    def _linear(parts, size, bias):
        assert (size, bias) == (4, True)
        return np.concatenate(parts, 1) @ np.asarray(cell.kernel) + np.asarray(cell.bias)

    names = {"_linear": _linear}
    exec(RNN_CALL, names)
    for ours, quoted in zip((output, state), names["call"](Quoted(), x, h), strict=True):
        np.testing.assert_allclose(ours, quoted, atol=1e-6)


@pytest.mark.parametrize("state_is_tuple", [True, False])
def test_the_quoted_call_of_the_lstm_gives_its_numbers(state_is_tuple):
    random = np.random.default_rng(0)
    cell = cells.BasicLSTMCell(4)
    x, c, h = (random.normal(size=(2, n)).astype("float32") for n in (3, 4, 4))
    output, state = cell.call(x, cells.LSTMStateTuple(c, h))
    joined = np.concatenate([x, h], 1) @ np.asarray(cell.kernel) + np.asarray(cell.bias)
    i, j, f, o = np.split(joined, 4, axis=1)
    names = {
        **{"c": c, "i": i, "j": j, "f": f, "o": o, "self": Quoted(state_is_tuple)},
        "sigmoid": lambda value: 1 / (1 + np.exp(-value)),
        "LSTMStateTuple": cells.LSTMStateTuple,
        "array_ops": type("array_ops", (), {"concat": staticmethod(np.concatenate)}),
    }
    exec(LSTM_CALL, names)
    np.testing.assert_allclose(output, names["new_h"], atol=1e-6)
    quoted = names["new_state"]
    if state_is_tuple:
        np.testing.assert_allclose(state.c, quoted.c, atol=1e-6)
        np.testing.assert_allclose(state.h, quoted.h, atol=1e-6)
    else:
        np.testing.assert_allclose(np.concatenate(state, 1), quoted, atol=1e-6)


def test_placeholders_become_a_model():
    inputs = tf1.placeholder(np.float32, [None, 3], "x")
    cell = tf1.contrib.rnn.BasicLSTMCell(2)
    output, state = cell(inputs, cell.zero_state(4, np.float32))
    model = keras.Model(inputs, [output, state.c])
    assert [part.shape for part in model(np.ones((4, 3), "float32"))] == [(4, 2), (4, 2)]
    with pytest.raises(InputError, match="placeholder needs a shape"):
        tf1.placeholder(np.float32)
