"""The names under which TensorFlow 1 had what the zoo has: `import zoo.tensorflow_1 as tf`.

Old code then runs with its import line changed alone, as far as it builds cells and runs them over
time. There is no session: a placeholder is an input of Keras's functional API, and a
`keras.Model` of placeholders and results computes.
"""

import types
from typing import Any

import keras

from zoo import cells, recurrence
from zoo.errors import InputError

_CELLS = {
    name: getattr(cells, name)
    for name in (
        "BasicLSTMCell",
        "BasicRNNCell",
        "DropoutWrapper",
        "GRUCell",
        "LSTMCell",
        "LSTMStateTuple",
        "MultiRNNCell",
        "RNNCell",
        "ResidualWrapper",
    )
}

nn = types.SimpleNamespace(
    rnn_cell=types.SimpleNamespace(**_CELLS),
    dynamic_rnn=recurrence.dynamic_rnn,
    bidirectional_dynamic_rnn=recurrence.bidirectional_dynamic_rnn,
)
contrib = types.SimpleNamespace(
    rnn=types.SimpleNamespace(
        **_CELLS,
        HighwayWrapper=cells.HighwayWrapper,
        LayerNormBasicLSTMCell=cells.LayerNormBasicLSTMCell,
        OutputProjectionWrapper=cells.OutputProjectionWrapper,
    )
)


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Any:
    """Makes an input of Keras's functional API.

    Args:
        dtype: A dtype of Keras, NumPy or TensorFlow.
        shape: The whole shape, rows included; None where a size is not known.
        name: The input's name.

    Example:

    >>> placeholder(np.float32, shape=(32, 100)).shape
    (32, 100)
    """
    if shape is None:
        raise InputError("placeholder needs a shape; put None where a size is not known")
    dtype = keras.backend.standardize_dtype(dtype)
    return keras.Input(batch_shape=tuple(shape), dtype=dtype, name=name)
